import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { type OptionNames, requireCount, requireFunction, requireOptions } from '../internal/support/require.js';
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
  maxFilterBytes: true,
  maxEventBytes: true,
  closeMs: true,
  scheduler: true,
  onError: true,
};

/** What event streams are served with, checked, and with what was left out. */
export interface EventStreamSettings<E>
  extends Pick<EventStreamOptions<E>, 'filter' | 'authorize' | 'onError'>, Readonly<Record<CountOption, number>> {
  readonly receiver: EventStreamReceiverOptions<E>;
  readonly scheduler: SchedulerLike;
}

/** @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad options. */
export function eventStreamSettings<E>(bus: SharingBus<E>, options: EventStreamOptions<E>): EventStreamSettings<E> {
  requireOptions('EventStreams: options', options, OPTIONS);
  const { capacity, overflow, key, barrier, reserve, stallAfterMs, name } = options;
  const { filter, authorize, onError, scheduler = asyncScheduler } = options;
  const { retryMs = 2_000, maxConnections = 1_000, maxFilterBytes = 8_192, closeMs = 5_000 } = options;
  const { heartbeatMs = 15_000, maxEventBytes = 1_048_576 } = options;
  const counts = { retryMs, maxConnections, maxFilterBytes, closeMs, heartbeatMs, maxEventBytes };
  // Taken apart, they have lost that they go together.
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
  // It makes no receiver, and refuses what none can be made with.
  void bus.stream(filter, receiver);
  if (overflow === 'latest' && bus.position !== undefined) {
    throw new TypeError('EventStreams: latest changes the order, which a bus with a history resumes by');
  }
  for (const [what, value] of Object.entries({ authorize, onError })) {
    if (value !== undefined) {
      requireFunction(`EventStreams: ${what}`, value);
    }
  }
  for (const [what, value] of Object.entries(counts)) {
    requireCount(`EventStreams: ${what}`, value);
  }
  return { filter, authorize, onError, receiver, scheduler, ...counts };
}
