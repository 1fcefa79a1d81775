/** The process with the archive: it writes each event of the stream once, and the stream waits for it. */
import { join } from 'node:path';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type BusReceiver, type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { Archive, type ArchiveLine } from './Archive.js';
import { dial, openStream, readOrder, reportTo } from './node.js';

/** Events that are read ahead of the file. */
const WINDOW = 256;

const { folder, servers } = readOrder();
const stop = new AbortController();
let status = 'starting';
const archive = await Archive.open(join(folder, 'archive.jsonl'));
const report = reportTo(() => {
  const { doubled, events, missing, place } = archive.account;
  return { status, archived: events, missing, doubled, place };
}, stop);
const connection = await dial(servers);
const upstream = await openStream({
  ...{ connection, node: 'archivist', window: WINDOW },
  waitFor: () => bus.flush(EventFilter.all, { waitFor: [receiver] }),
});
const bus = new SharingBus({ upstream });
// Right after the last line of the file.
const receiver: BusReceiver = bus.subscribeFiltered(EventFilter.all, {
  ...{ name: 'archivist', capacity: WINDOW, from: archive.position ?? 'start' },
});
upstream.status$.subscribe((next) => {
  status = next;
});
stop.signal.addEventListener('abort', () => {
  receiver.close();
});

const { deliveries } = receiver;
for (let next = await deliveries.recv(); next !== undefined; next = await deliveries.recv()) {
  const lines = [lineOf(next)];
  for (let more = deliveries.tryRecv(); isDelivery(more); more = deliveries.tryRecv()) {
    lines.push(lineOf(more));
  }
  archive.append(lines);
  await nextTurn();
}
archive.close();
await report();
await connection.close();
process.exit(0);

/** A delivery with the place right after it. */
function lineOf(delivery: Delivery): ArchiveLine {
  const { position } = receiver;
  if (position === undefined) {
    throw new Error('a receiver on a stream has a position');
  }
  return { position: delivery.type === 'gap' ? position : { ...position, seq: delivery.event.seq ?? NaN }, delivery };
}

function isDelivery(got: { readonly type: string }): got is Delivery {
  return got.type === 'event' || got.type === 'gap';
}
