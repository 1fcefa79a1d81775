import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { type OptionNames, requireCount, requireFunction, requireOptions } from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import type { SharingBus } from '../SharingBus.js';
import type { EventStreamOptions, EventStreamReceiverOptions } from './EventStreamOptions.js';

type CountOption = 'heartbeatMs' | 'retryMs' | 'maxConnections' | 'maxFilterBytes' | 'maxEventBytes' | 'closeMs';

const OPTIONS: OptionNames<EventStreamOptions> = {
  filter: true,
  authorize: true,
  capacity: true,
  overflow: true,
  key: true,
  barrier: true,
  reserve: true,
  stallAfterMs: true,
  name: true,
  heartbeatMs: true,
  retryMs: true,
  maxConnections: true,
  busyStatus: true,
  maxFilterBytes: true,
  maxEventBytes: true,
  closeMs: true,
  scheduler: true,
  onError: true,
};

/** The validated options, with defaults filled in. */
export interface EventStreamSettings<E>
  extends Pick<EventStreamOptions<E>, 'filter' | 'authorize' | 'onError'>, Readonly<Record<CountOption, number>> {
  readonly receiver: EventStreamReceiverOptions<E>;
  readonly scheduler: SchedulerLike;
  readonly busyStatus: 200 | 503;
}

/**
 * Validates `options` and fills in the defaults.
 *
 * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown, InvalidFilterError or
 * InvalidUuidError if `filter` is malformed.
 */
export function eventStreamSettings<E>(bus: SharingBus<E>, options: EventStreamOptions<E>): EventStreamSettings<E> {
  requireOptions('EventStreams: options', options, OPTIONS);
  const { capacity, overflow, key, barrier, reserve, stallAfterMs, name } = options;
  const { filter, authorize, onError, scheduler = asyncScheduler, busyStatus = 200 } = options;
  const { retryMs = 2_000, maxConnections = 1_000, maxFilterBytes = 8_192, closeMs = 5_000 } = options;
  const { heartbeatMs = 8_000, maxEventBytes = 1_048_576 } = options;
  const counts = { retryMs, maxConnections, maxFilterBytes, closeMs, heartbeatMs, maxEventBytes };
  // Destructuring has lost the relation between these options, hence the cast.
  const receiver = {
    capacity,
    overflow,
    key,
    barrier,
    reserve,
    stallAfterMs,
    name,
  } as EventStreamReceiverOptions<E>;
  requireFunction('EventStreams: bus.stream', (bus as Partial<SharingBus<E>> | null | undefined)?.stream);
  requireFunction('EventStreams: scheduler.schedule', (scheduler as Partial<SchedulerLike> | null)?.schedule);
  // The call creates no receiver, but validates its options.
  void bus.stream(filter, receiver);
  if (overflow === 'latest' && bus.position !== undefined) {
    throw new TypeError(
      "EventStreams: overflow: expected another policy than 'latest', which changes the order, on a bus with a history",
    );
  }
  if (busyStatus !== 200 && (busyStatus as unknown) !== 503) {
    throw new RangeError(`EventStreams: busyStatus must be 200 or 503, got ${show(busyStatus)}`);
  }
  for (const [what, value] of Object.entries({ authorize, onError })) {
    if (value !== undefined) {
      requireFunction(`EventStreams: ${what}`, value);
    }
  }
  for (const [what, value] of Object.entries(counts)) {
    requireCount(`EventStreams: ${what}`, value);
  }
  return { filter, authorize, onError, receiver, scheduler, busyStatus, ...counts };
}
