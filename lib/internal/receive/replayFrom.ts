import type { ReceiverOptions } from '../../options.js';
import type { BusPosition } from '../../receiver.js';
import { type EventFilter, matchesEverything } from '../../events/EventFilter.js';
import type { History } from '../replay/History.js';
import type { Receiver } from './Receiver.js';
import { show } from '../support/show.js';

/**
 * A place where a receiver can start, which the caller cannot change any more.
 *
 * @throws TypeError or RangeError where it is no place, or where there is no history to find it in.
 */
export function checkedFrom(from: unknown, hasHistory: boolean): ReceiverOptions['from'] {
  if (from === undefined || from === 'now') {
    return from;
  }
  const { epoch, seq } = (typeof from === 'object' && from !== null ? from : {}) as Partial<BusPosition>;
  if (from !== 'start' && typeof epoch !== 'string') {
    throw new TypeError(`from: expected now, start or { epoch, seq }, got ${show(from)}`);
  }
  if (from !== 'start' && !(Number.isSafeInteger(seq) && (seq as number) >= 0)) {
    throw new RangeError(`from.seq must be an integer from 0, got ${show(seq)}`);
  }
  if (!hasHistory) {
    throw new TypeError(`from: the bus has no history, got ${show(from)}`);
  }
  return from === 'start' ? from : ({ epoch, seq } as BusPosition);
}

/** Starts `receiver` there, and tells it what is retained no longer. */
export function replayFrom<E>(
  receiver: Receiver<E>,
  filter: EventFilter<E>,
  { history, epoch, from }: { history: History<E>; epoch: string; from: 'start' | BusPosition },
): void {
  const place = from === 'start' ? { epoch, seq: 0 } : from;
  const isOurs = place.epoch === epoch;
  // Who says to have seen more than there was has seen all.
  const after = isOurs ? Math.min(place.seq, history.last) : 0;
  const missing = history.first - 1 - after;
  if (!isOurs) {
    receiver.startWithGap(Infinity, true);
  } else if (missing > 0) {
    receiver.startWithGap(missing, !matchesEverything(filter));
  }
  receiver.startAfter(after, history, filter);
}
