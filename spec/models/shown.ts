import type { BusEvent, Delivery, TryRecv } from '../../lib/index.js';
import { type Ending, type Missing, total } from './ListReceiver.js';

/** What consumers and filters throw where a program says so. RxJS reports the consumers'. */
export class PlannedError extends Error {
  override readonly name = 'PlannedError';
}

/** What a call of `recv` gave. */
export function shown(event: BusEvent<number> | undefined): string {
  return event === undefined ? 'complete' : `event ${event.event}`;
}

/** Kinds that are told apart in one gap. */
const MANY = 64;

/** Counts of a gap. Where there are more kinds than are told apart, which ones are is not promised. */
export function shownGap(byKind: Readonly<Missing>): string {
  const counts = Object.entries(byKind).sort(([one], [other]) => (one < other ? -1 : 1));
  return counts.length > MANY
    ? `gap of many kinds: ${total(byKind)}`
    : `gap ${counts.map(([kind, count]) => `${kind}:${count}`).join(' ')}`;
}

/** A `SlowConsumerError` by its figures. */
export function shownEnding(ending: unknown): string {
  if (ending instanceof PlannedError) {
    return 'failed';
  }
  if (typeof ending === 'object' && ending !== null && 'pending' in ending && 'lagged' in ending) {
    const { pending, lagged } = ending as Exclude<Ending, string>;
    return `evicted: ${pending} waited, ${lagged} lost`;
  }
  return String(ending);
}

/** What `tryRecv` gave, as a call of `recv` would have told it. */
export function shownTry(tried: TryRecv<Delivery<number>>): string {
  switch (tried.type) {
    case 'event':
      return shown(tried.event);
    case 'gap':
      return shownGap(tried.byKind);
    case 'completed':
      return 'complete';
    case 'failed':
      return shownEnding(tried.error);
    default:
      return tried.type;
  }
}
