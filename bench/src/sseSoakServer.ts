// The server of the soak, in a process of its own: node --expose-gc sseSoakServer.js. Messages control it.
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { EventStreams } from '../../dist/sse/index.js';
import { EventFilter, SharingBus } from './library.js';
import { yieldOnce } from './load/yieldOnce.js';
import { bytesAfterCollection } from './load/heap.js';
import { KINDS, type Order, type Report } from './sseSoakMessages.js';

const RETAINED = 5_000;
const BURST = 20;
const CHECKPOINTS = 10;

function send(report: Report): void {
  process.send?.(report);
}

const bus = new SharingBus<string>({ history: { capacity: RETAINED } });
const streams = new EventStreams(bus, {
  filter: EventFilter.all,
  retryMs: 20,
  heartbeatMs: 1_000,
  maxConnections: 10_000,
});
const server = createServer((request, response) => void streams.handle(request, response));

/** Returns the payload of each event: the lines of the file `session` in turn, or a generated text. */
async function payloads(session: string | undefined): Promise<(n: number) => string> {
  if (session === undefined) {
    return (n) => `event ${n} ${'.'.repeat(n % 2_000)}`;
  }
  const lines = (await readFile(session, 'utf8')).split('\n').filter((line) => line !== '');
  return (n) => lines[n % lines.length] ?? '';
}

/** Publishes events. Returns the bytes in use at some checkpoints. */
async function publish(count: number, session: string | undefined): Promise<number[]> {
  const bytes: number[] = [];
  const payload = await payloads(session);
  for (let n = 1; n <= count; n += 1) {
    bus.publish({
      routing: { kind: `kind-${n % KINDS}` },
      origin: 'soak',
      event: payload(n),
    });
    if (n % BURST === 0) {
      await yieldOnce();
    }
    if (n % Math.ceil(count / CHECKPOINTS) === 0) {
      bytes.push(await bytesAfterCollection());
    }
  }
  return bytes;
}

async function close(): Promise<void> {
  bus.close();
  while (streams.size > 0) {
    await yieldOnce();
  }
  const { subscriberCount: slots } = bus;
  const { size } = streams;
  await new Promise((resolve) => {
    server.close(resolve);
    server.closeAllConnections();
  });
  send({ is: 'closed', bytes: await bytesAfterCollection(), slots, streams: size });
  process.disconnect();
}

process.on('message', (order: Order) => {
  if (order.do === 'publish') {
    void publish(order.count, order.session).then((bytes) => {
      send({ is: 'published', bytes });
    });
  } else {
    void close();
  }
});
server.listen(0, '127.0.0.1', () => {
  send({ is: 'listening', port: (server.address() as AddressInfo).port });
});
