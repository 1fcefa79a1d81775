import { EventFilter } from '../events/EventFilter.js';
import type { BusEvent } from '../events/BusEvent.js';
import { type OptionNames, requireOptions } from '../internal/support/require.js';
import type { ReceiverBaseOptions } from '../options.js';
import type { SharingBus } from '../SharingBus.js';
import { busSignals, requireBus } from './busSignals.js';
import type { BusSignals, InjectorOption } from './signals.js';
import { Site } from './Site.js';

/** Options of {@link injectLatest}. */
export interface InjectLatestOptions extends InjectorOption, Pick<ReceiverBaseOptions, 'from' | 'name'> {}

const OPTIONS: OptionNames<InjectLatestOptions> = { injector: true, from: true, name: true };

/**
 * The newest matching event as a signal, and beside it the number of events that were passed over.
 *
 * **Details** The receiver has a capacity of 1 and `overflow: 'drop-oldest'`. So of a burst you get the last event, and `lagged` counts the
 * others. The receiver is there until the injector ends. On the server there is no receiver: `value` is `undefined`, and rendering waits for
 * nothing. Handlers run outside of Angular's zone; setting a signal there is enough for Angular to render.
 *
 * If `filter` is a function or a signal, it is read in an effect: the receiver is made by the next change detection, and anew when the filter
 * becomes another object. While it returns `undefined` there is no receiver.
 *
 * **Errors** Call it in an injection context, or with `injector`; otherwise Angular throws NG0203. The call throws as
 * `bus.subscribeFiltered` does for bad arguments. An error that ends the receiver goes to `error` and, once, to Angular's `ErrorHandler`.
 * Reading `value` does not throw.
 *
 * @example
 * ```ts
 * readonly message = injectLatest(inject(BUS), EventFilter.kind('agent-message'));
 * // template: {{ message.value()?.event }} ({{ message.lagged() }} passed over)
 * ```
 *
 * @param bus The bus.
 * @param filter Which events. Default: every event.
 * @param options See {@link InjectLatestOptions}.
 * @returns The signals. `value` is `undefined` until the first event.
 */
export function injectLatest<E>(
  bus: SharingBus<E>,
  filter: EventFilter<NoInfer<E>> | (() => EventFilter<NoInfer<E>> | undefined) = EventFilter.all,
  options: InjectLatestOptions = {},
): BusSignals<BusEvent<E> | undefined> {
  requireOptions('injectLatest: options', options, OPTIONS);
  requireBus('injectLatest: bus', bus);
  const { injector, from, name } = options;
  return busSignals(
    new Site(injectLatest, injector),
    bus,
    filter,
    { capacity: 1, overflow: 'drop-oldest', from, name },
    (receiver) => receiver.events$,
    () => {
      let latest: BusEvent<E> | undefined;
      return {
        take: (busEvent) => {
          latest = busEvent;
        },
        value: () => latest,
      };
    },
  );
}
