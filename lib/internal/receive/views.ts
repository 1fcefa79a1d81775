import type { BusPosition } from '../../receiver.js';
import type { ReceiverStats } from '../../stats.js';
import type { Receiver } from './Receiver.js';

/** What is counted of `receiver`; `undefined` while it is about to join, or to leave. */
export function statsOf<E>(receiver: Receiver<E>): ReceiverStats<E> | undefined {
  const { id, name, filter, capacity, waiting, highWaterMark, delivered, laggedNow, oldestAgeMs } = receiver;
  return filter && { id, name, filter, capacity, waiting, highWaterMark, delivered, lagged: laggedNow, oldestAgeMs };
}

/**
 * The place up to which `receiver` has taken everything, `last` being that of what was published last. While a gap is next it is before the gap: nobody
 * knows the numbers of what is missing.
 */
export function positionOf<E>(receiver: Receiver<E>, last: BusPosition | undefined): BusPosition | undefined {
  if (last === undefined) {
    return undefined;
  }
  const { lastTaken, gapIsNext, waiting, hasEnded, catchUp } = receiver;
  const before = waiting > 0 ? firstWaiting(receiver) - 1 : undefined;
  if (gapIsNext) {
    return { ...last, seq: Math.min(lastTaken, before ?? Infinity) };
  }
  return { ...last, seq: before ?? (hasEnded ? lastTaken : (catchUp?.read ?? last.seq)) };
}

/** The lowest number of the events that wait: of the first, unless they may be out of order. */
function firstWaiting<E>(receiver: Receiver<E>): number {
  const count = receiver.policy.reorders ? receiver.waiting : 1;
  const numbers = Array.from({ length: count }, (_, index) => receiver.waitingAt(index).seq as number);
  return numbers.reduce((lowest, number) => Math.min(lowest, number));
}
