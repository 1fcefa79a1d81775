import type { BusPosition } from '../../receiver.js';
import type { ReceiverStats } from '../../stats.js';
import type { Receiver } from './Receiver.js';

/** The counts of `receiver`. `undefined` if it has not joined yet, or no longer has a slot. */
export function statsOf<E>(receiver: Receiver<E>): ReceiverStats<E> | undefined {
  const { id, phase, parts, filter, capacity, waiting, highWaterMark, delivered, laggedNow: lagged } = receiver;
  if (phase !== 'live' || filter === undefined) {
    return undefined;
  }
  const oldestAgeMs = receiver.oldestAgeMs(receiver.host.stage.now());
  return { id, name: parts?.name, filter, capacity, waiting, highWaterMark, delivered, lagged, oldestAgeMs };
}

/**
 * The position up to which all events of `receiver` were taken. Before a gap it is the position before the gap, since the numbers of the
 * missing events are not known.
 *
 * @param last The position of the newest event of the bus.
 */
export function positionOf<E>(receiver: Receiver<E>, last: BusPosition): BusPosition {
  receiver.host.stage.settle();
  const { gapIsNext, waiting, hasEnded, parts, nextNumber, lastTaken } = receiver;
  const left = parts?.epochs?.find(({ end }) => nextNumber < end || (nextNumber === end && gapIsNext));
  const before = waiting > 0 ? firstWaiting(receiver) - 1 : undefined;
  if (left !== undefined) {
    // The upstream has left this epoch. The events of the next one begin at the number `end`, with a gap before it.
    const seq = gapIsNext
      ? Math.min(lastTaken, nextNumber < left.end ? (before as number) : Infinity)
      : (before as number);
    return { epoch: left.epoch, seq };
  }
  if (gapIsNext) {
    return { ...last, seq: Math.min(lastTaken, before ?? Infinity) };
  }
  return { ...last, seq: before ?? (hasEnded ? lastTaken : (parts?.catchUp?.readUpTo ?? last.seq)) };
}

/** The lowest number of the waiting events. That is the first one, unless the policy reorders them. */
function firstWaiting<E>(receiver: Receiver<E>): number {
  const count = receiver.policy.reorders ? receiver.waiting : 1;
  const numbers = Array.from({ length: count }, (_, index) => receiver.peek(index).seq as number);
  return numbers.reduce((lowest, number) => Math.min(lowest, number));
}
