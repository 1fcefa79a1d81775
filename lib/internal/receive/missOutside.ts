import { matchesEverything, type EventFilter } from '../../events/EventFilter.js';
import type { Gap } from '../../receiver.js';
import { OTHERS } from '../support/Tally.js';
import type { Receiver } from './Receiver.js';

/** Records a gap that an upstream tells, after the events that `receiver` has accepted. It counts in `missed`. */
export function missOutside<E>(
  receiver: Receiver<E>,
  filter: EventFilter<E>,
  { missed, byKind, atMost }: Omit<Gap, 'type'>,
): void {
  const parts = receiver.more;
  parts.missed = (parts.missed ?? 0) + missed;
  if (receiver.recordsGaps) {
    let unknown = missed;
    for (const [kind, count] of Object.entries(byKind)) {
      receiver.miss(kind, count);
      unknown = unknown === count ? 0 : unknown - count;
    }
    if (unknown > 0) {
      receiver.miss(OTHERS, unknown);
    }
    if (atMost === true || !matchesEverything(filter)) {
      receiver.markGapAtMost();
    }
  }
  if (receiver.waiting === 0 && (receiver.consumer !== undefined || receiver.hasPulls)) {
    receiver.host.stage.request(receiver);
  }
}
