import type { BusPosition } from '../../BusReceiver.js';
import type { ReceiverStats } from '../../BusStats.js';
import type { Receiver } from './Receiver.js';

/** What is counted of `receiver`; `undefined` while it is about to join, or to leave. */
export function statsOf<E>(receiver: Receiver<E>): ReceiverStats<E> | undefined {
  const { id, name, filter, capacity, waiting, highWaterMark, delivered, laggedNow, oldestAgeMs } = receiver;
  return filter && { id, name, filter, capacity, waiting, highWaterMark, delivered, lagged: laggedNow, oldestAgeMs };
}

/** The place up to which `receiver` has taken everything; `last` is that of what was published last. */
export function positionOf<E>(receiver: Receiver<E>, last: BusPosition | undefined): BusPosition | undefined {
  if (last === undefined || receiver.gapIsNext) {
    return undefined;
  }
  if (receiver.waiting > 0) {
    return { ...last, seq: (receiver.waitingAt(0).seq as number) - 1 };
  }
  return receiver.hasEnded ? undefined : { ...last, seq: receiver.catchUp?.read ?? last.seq };
}
