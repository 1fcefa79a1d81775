import type { Receiver } from '../receive/Receiver.js';
import { noteEpoch } from '../support/epochs.js';

/** Notes that what waits in `receiver` is of an epoch that the bus leaves now. */
export function noteEpochOf<E>(receiver: Receiver<E>, epoch: string): void {
  for (let index = 0; index < receiver.waiting; index += 1) {
    noteEpoch(receiver.peek(index), epoch);
  }
  const parts = receiver.more;
  // Those that were taken whole are not asked for any more.
  const left = parts.epochs?.filter(({ end }) => receiver.nextNumber <= end) ?? [];
  parts.epochs = [...left, { epoch, end: receiver.accepted }];
}
