import type { BusEvent } from '../../lib/index.js';
import type { Ending, Missing } from './ListReceiver.js';

/** What a call of `recv` gave. */
export function shown(event: BusEvent<number> | undefined): string {
  return event === undefined ? 'complete' : `event ${event.event}`;
}

export function shownGap(byKind: Readonly<Missing>): string {
  const counts = Object.entries(byKind).sort(([one], [other]) => (one < other ? -1 : 1));
  return `gap ${counts.map(([kind, count]) => `${kind}:${count}`).join(' ')}`;
}

/** A `SlowConsumerError` by its figures; anything else as it is. */
export function shownEnding(ending: unknown): string {
  if (typeof ending === 'object' && ending !== null && 'pending' in ending && 'lagged' in ending) {
    const { pending, lagged } = ending as Exclude<Ending, string>;
    return `evicted: ${pending} waited, ${lagged} lost`;
  }
  return String(ending);
}
