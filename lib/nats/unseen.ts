import type { SchedulerLike } from 'rxjs';
import type { StreamPlace } from './lineage.js';
import { idOf } from './messages.js';
import type { Outbox } from './Outbox.js';
import { readPart } from './pages.js';
import { infoOf, takesSeveral } from './streamConfig.js';

const BATCH = 256;
/** Beyond this number of subjects, all messages are read. A consumer with many takes the server long to make. */
const MOST_SUBJECTS = 32;

/**
 * Looks in the stream for events whose acknowledgement was lost, and which the reader does not bring. So none of them is stored twice, however long
 * the connection was away.
 */
export async function findUnseen(
  outbox: Outbox,
  place: StreamPlace,
  scheduler: SchedulerLike,
  heartbeatMs: number,
): Promise<void> {
  const { state } = await infoOf(place.access, place.stream);
  // A subject is written out: two of them do not overlap.
  const subjects = [...new Set(outbox.unseen.map(({ subject }) => subject))];
  const isFew = subjects.length === 1 || (subjects.length <= MOST_SUBJECTS && takesSeveral(place.connection));
  let after = Math.min(...outbox.unseen.map((one) => one.after));
  while (after < state.last_seq) {
    const wanted = { after, upTo: state.last_seq, limit: BATCH };
    const { pulled, reached } = await readPart(place, scheduler, heartbeatMs, wanted, isFew ? subjects : undefined);
    pulled.forEach(({ message, seq }) => {
      outbox.echo(idOf(message), seq);
    });
    after = reached;
  }
}
