import type { ReceiverOptions } from '../../options.js';
import type { BusPosition } from '../../receiver.js';
import { type EventFilter, matchesEverything } from '../../events/EventFilter.js';
import { CatchUp } from '../replay/CatchUp.js';
import type { History } from '../replay/History.js';
import type { Receiver } from './Receiver.js';
import { show } from '../support/show.js';
import { OTHERS } from '../support/Tally.js';

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

/** Starts `receiver` at `from`, with a gap for the events before it that are not retained any more. */
export function replayFrom<E>(
  receiver: Receiver<E>,
  filter: EventFilter<E>,
  history: History<E>,
  from: 'start' | BusPosition,
): void {
  // The start needs no epoch, so none is drawn for it.
  const isOurs = from === 'start' || from.epoch === history.epoch;
  // A position after the newest event means that all of them were seen.
  const after = isOurs && from !== 'start' ? Math.min(from.seq, history.last) : 0;
  const unretained = isOurs ? Math.max(0, history.first - 1 - after) : Infinity;
  receiver.filter = filter;
  receiver.lastSeq = after;
  if (unretained > 0 && receiver.recordsGaps) {
    receiver.miss(OTHERS, unretained);
    if (!isOurs || !matchesEverything(filter)) {
      receiver.blurGap();
    }
  }
  const catchUp = new CatchUp(history, filter, after, receiver);
  receiver.more.missed = unretained + catchUp.missed;
  receiver.more.catchUp = catchUp;
  catchUp.read();
}
