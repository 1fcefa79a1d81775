import { EventFilter } from '../events/EventFilter.js';
import { type OptionNames, requireCount, requireOptions } from '../internal/support/require.js';
import type { ReceiverBaseOptions } from '../options.js';
import type { Delivery } from '../receiver.js';
import type { SharingBus } from '../SharingBus.js';
import { busSignals, requireBus } from './busSignals.js';
import { Recent } from './Kept.js';
import type { BusSignals, InjectorOption } from './signals.js';
import { Site } from './Site.js';

/** Options of {@link injectRecent}. */
export interface InjectRecentOptions extends InjectorOption, Pick<ReceiverBaseOptions, 'from' | 'name'> {
  /** The most deliveries to keep, 1 to 2^31 - 1. A gap counts as one. Default 100. */
  readonly count?: number | undefined;
  /**
   * The most events that may wait for a turn, 1 to 2^31 - 1. The oldest are lost first. Default: one less than `count`, at least 1, so that
   * the gap of a burst is among the deliveries.
   */
  readonly capacity?: number | undefined;
}

const OPTIONS: OptionNames<InjectRecentOptions> = {
  injector: true,
  from: true,
  name: true,
  count: true,
  capacity: true,
};

export const DEFAULT_COUNT = 100;

/**
 * The last deliveries as a signal: events, the oldest first, with a gap wherever events are missing.
 *
 * **Details** As {@link injectLatest}, in all but what it keeps. Each change gives a new array of the same delivery objects, so
 * `track delivery` works in `@for`.
 *
 * **Errors** As {@link injectLatest}; `RangeError` if `count` or `capacity` is out of range.
 *
 * @param bus The bus.
 * @param filter Which events. Default: every event.
 * @param options See {@link InjectRecentOptions}.
 * @returns The signals. `value` is empty until the first delivery.
 */
export function injectRecent<E>(
  bus: SharingBus<E>,
  filter: EventFilter<NoInfer<E>> | (() => EventFilter<NoInfer<E>> | undefined) = EventFilter.all,
  options: InjectRecentOptions = {},
): BusSignals<readonly Delivery<E>[]> {
  requireOptions('injectRecent: options', options, OPTIONS);
  requireBus('injectRecent: bus', bus);
  const { injector, from, name } = options;
  const count = requireCount('injectRecent: count', options.count ?? DEFAULT_COUNT);
  const capacity = requireCount('injectRecent: capacity', options.capacity ?? Math.max(1, count - 1));
  return busSignals(
    new Site(injectRecent, injector),
    bus,
    filter,
    { capacity, overflow: 'drop-oldest', from, name },
    (receiver) => receiver.deliveries$,
    () => new Recent<Delivery<E>>(count),
  );
}
