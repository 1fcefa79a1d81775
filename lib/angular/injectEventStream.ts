import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { type OptionNames, requireCount, requireFunction, requireOptions } from '../internal/support/require.js';
import type { Delivery } from '../receiver.js';
import { FROM_EVENT_STREAM_OPTIONS, type FromEventStreamOptions } from '../sse/FromEventStreamOptions.js';
import { type EventStreamSource, eventStreamSignals } from './eventStreamSignals.js';
import { DEFAULT_COUNT } from './injectRecent.js';
import { Fold, Recent } from './Kept.js';
import type { EventStreamSignals, InjectorOption } from './signals.js';
import { Site } from './Site.js';

/** Options of `injectEventStream`: those of `fromEventStream`, and its own. */
export interface InjectEventStreamOptions<E = Event> extends FromEventStreamOptions<E>, InjectorOption {
  /** The most deliveries to keep, 1 to 2^31 - 1. A gap counts as one. Default 100. */
  readonly count?: number | undefined;
}

/** Options of `injectEventStream` for a value of your own in place of the last deliveries. */
export interface FoldEventStreamOptions<E, T> extends FromEventStreamOptions<E>, InjectorOption {
  /** Returns the value before the first delivery, for each stream anew. */
  readonly seed: () => T;
  /** Returns the value after a delivery. It may change and return the value that it got. */
  readonly reduce: (value: T, delivery: Delivery<E>) => T;
}

const OPTIONS: OptionNames<InjectEventStreamOptions & FoldEventStreamOptions<Event, unknown>> = {
  injector: true,
  count: true,
  seed: true,
  reduce: true,
  ...FROM_EVENT_STREAM_OPTIONS,
};

/**
 * The deliveries of an event stream and the state of its connection as signals.
 *
 * **Details** It reads the stream as `fromEventStream` does, until the injector ends. `value` is the last `count` deliveries, the oldest
 * first, with a gap wherever events are missing; or, with `seed` and `reduce`, what you make of all of them.
 *
 * On the server nothing is requested and rendering waits for nothing: `value` is what it is before the first delivery. Requests, timers and
 * the functions that you pass run outside of Angular's zone; setting a signal there is enough for Angular to render.
 *
 * If `source` is a function or a signal, it is read in an effect: the stream is requested by the next change detection, and anew when it
 * returns another object or text. The signals start anew, too. While it returns `undefined` there is no stream.
 *
 * **Errors** Call it in an injection context, or with `injector`; otherwise Angular throws NG0203. The call throws as `fromEventStream` does
 * for bad arguments. An error that ends the stream goes to `error`, to `status` as `cause` and, once, to Angular's `ErrorHandler`. Reading
 * `value` does not throw. What `reduce` throws ends the stream.
 *
 * @example
 * ```ts
 * readonly id = input.required<string>();
 * readonly scroll = injectEventStream(() => ({ url: '/events', filter: EventFilter.scrollId(this.id()), from: 'start' }));
 * // template: {{ scroll.status()?.state }} @for (delivery of scroll.value(); track delivery) { … }
 * ```
 *
 * @param source See {@link EventStreamSource}.
 * @param options See {@link InjectEventStreamOptions} and {@link FoldEventStreamOptions}.
 */
export function injectEventStream<E, T>(
  source: EventStreamSource<E>,
  options: FoldEventStreamOptions<E, T> & { readonly parse: (value: unknown) => BusEvent<E> },
): EventStreamSignals<T>;
export function injectEventStream<T, E extends Event = Event>(
  source: EventStreamSource<E>,
  options: FoldEventStreamOptions<E, T>,
): EventStreamSignals<T>;
export function injectEventStream<E>(
  source: EventStreamSource<E>,
  options: InjectEventStreamOptions<E> & { readonly parse: (value: unknown) => BusEvent<E> },
): EventStreamSignals<readonly Delivery<E>[]>;
export function injectEventStream<E extends Event = Event>(
  source: EventStreamSource<E>,
  options?: InjectEventStreamOptions<E>,
): EventStreamSignals<readonly Delivery<E>[]>;
export function injectEventStream<E>(
  source: EventStreamSource<E>,
  options: InjectEventStreamOptions<E> & Partial<FoldEventStreamOptions<E, unknown>> = {},
): EventStreamSignals<unknown> {
  requireOptions('injectEventStream: options', options, OPTIONS);
  const { injector, count = DEFAULT_COUNT, seed, reduce, ...streamOptions } = options;
  requireCount('injectEventStream: count', count);
  if (seed !== undefined || reduce !== undefined) {
    requireFunction('injectEventStream: seed', seed);
    requireFunction('injectEventStream: reduce', reduce);
  }
  return eventStreamSignals(new Site(injectEventStream, injector), source, streamOptions, () =>
    seed === undefined || reduce === undefined ? new Recent(count) : new Fold(seed(), reduce),
  );
}
