import type { SchedulerLike } from 'rxjs';
import { idOf } from './entries.js';
import type { StreamPlace } from '../stream/lineage.js';
import type { Outbox } from './Outbox.js';
import { readPart } from '../reader/pages.js';
import { infoOf } from '../stream/streamConfig.js';

const BATCH = 256;
/** Beyond this number of subjects, all messages are read once, in place of each subject. */
const MOST_SUBJECTS = 4;

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
  const subjects = [...new Set(outbox.unseen.map(({ subject }) => subject))];
  const first = outbox.unseen.reduce((least, { after }) => Math.min(least, after), Infinity);
  for (const subject of subjects.length <= MOST_SUBJECTS ? subjects : [undefined]) {
    for (let after = first; after < state.last_seq;) {
      const wanted = { after, upTo: state.last_seq, limit: BATCH };
      const { pulled, reached } = await readPart(place, scheduler, heartbeatMs, wanted, subject);
      pulled.forEach(({ message, seq }) => {
        outbox.echo(idOf(message), seq);
      });
      after = reached;
    }
  }
}
