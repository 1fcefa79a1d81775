import type { BusEvent } from '../../events/BusEvent.js';
import type { ReceiverOptions } from '../../options.js';
import { matchesEverything, type EventFilter } from '../../events/EventFilter.js';
import type { BusPosition } from '../../receiver.js';
import { CatchUp } from '../replay/CatchUp.js';
import type { History } from '../replay/History.js';
import type { Receiver } from './Receiver.js';
import { show } from '../support/show.js';
import { OTHERS } from '../support/Tally.js';

/**
 * Checks `from`. A position is copied, so that the caller cannot change it later.
 *
 * @throws TypeError or RangeError if it is not a start position, or if the bus has no history.
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
    throw new TypeError(`from: the bus has no history, got ${show(from)}; give it the option history or upstream`);
  }
  return from === 'start' ? from : ({ epoch, seq } as BusPosition);
}

/** The numbered events of a bus. Some of them are kept. */
export interface Past<E> {
  /** The number of the newest event that was dispatched; 0 before the first one. */
  readonly last: number;
  /** The position of that event. `undefined` while it is not known. */
  readonly position: BusPosition | undefined;
  /** Whether numbers may be left out, so that a difference of numbers is the most events between them. */
  readonly isSparse?: boolean;
  /** Whether `busEvent` would not be kept. */
  isTooLarge(busEvent: BusEvent<E>): boolean;
  /** Starts `receiver` at `from`. It reads what is kept, and goes live then. */
  replay(receiver: Receiver<E>, filter: EventFilter<E>, from: 'start' | BusPosition): void;
  /** Called when a receiver joins, and when it frees its slot. */
  joined?(receiver: Receiver<E>, filter: EventFilter<E>): void;
  left?(receiver: Receiver<E>): void;
}

/** The past that `history` keeps in memory. */
export function pastOf<E>(history: History<E>): Past<E> {
  return {
    get last() {
      return history.last;
    },
    get position() {
      return history.position;
    },
    isTooLarge: (busEvent) => history.isTooLarge(busEvent),
    replay: (receiver, filter, from) => {
      replayFrom(receiver, filter, history, from);
    },
  };
}

/** Starts `receiver` at `from`, with a gap for the later events that are no longer retained. */
function replayFrom<E>(
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
      receiver.markGapAtMost();
    }
  }
  const catchUp = new CatchUp(history, filter, after, receiver);
  receiver.more.missed = unretained + catchUp.missed;
  receiver.more.catchUp = catchUp;
  catchUp.read();
}

/** Tells `receiver`, which gets no events, what it misses after `from`. */
export function missRest<E>(
  receiver: Receiver<E>,
  filter: EventFilter<E>,
  from: ReceiverOptions['from'] = 'now',
  { position, isSparse = false }: Past<E>,
): void {
  const last = position?.seq ?? 0;
  const isOurs = from === 'now' || from === 'start' || from.epoch === position?.epoch;
  const after = from === 'now' ? last : isOurs && from !== 'start' ? Math.min(from.seq, last) : 0;
  const missed = isOurs ? last - after : Infinity;
  receiver.lastSeq = after;
  if (missed > 0) {
    receiver.more.missed = missed;
    receiver.miss(OTHERS, missed);
    if (!isOurs || isSparse || !matchesEverything(filter)) {
      receiver.markGapAtMost();
    }
  }
}
