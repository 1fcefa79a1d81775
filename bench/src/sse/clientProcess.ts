// The process of one client: node clientProcess.js DIST. A message starts it.
import { pathToFileURL } from 'node:url';
import { EventSource } from 'eventsource';
import type * as Sse from '../../../dist/sse/index.js';
import type { BusEvent } from '../library.js';
import { type ClientCell, type ClientName, type Order, send } from './messages.js';

const [, , dist = ''] = process.argv;

/** Calls `next` with each event. */
const READ: Readonly<Record<ClientName, (url: string, next: (busEvent: BusEvent) => void) => Promise<void>>> = {
  'from-event-stream': async (url, next) => {
    const { fromEventStream } = (await import(pathToFileURL(`${dist}/sse/index.js`).href)) as typeof Sse;
    fromEventStream(url).subscribe((delivery) => {
      if (delivery.type === 'gap') {
        throw new Error(`${delivery.missed} events are missing`);
      }
      next(delivery.event);
    });
  },
  eventsource: (url, next) => {
    new EventSource(url).addEventListener('message', ({ data }) => {
      next(JSON.parse(data as string) as BusEvent);
    });
    return Promise.resolve();
  },
};

async function read(port: number, { client, events }: ClientCell): Promise<void> {
  const warmUp = Math.floor(events / 5);
  let count = 0;
  let start = process.cpuUsage();
  await READ[client](`http://127.0.0.1:${port}/`, ({ seq, event }) => {
    count += 1;
    if (seq !== count || event.type !== 'AgentMessageChunk') {
      throw new Error(`event ${seq} came, ${count} was due`);
    }
    if (count === warmUp) {
      start = process.cpuUsage();
    } else if (count === events) {
      const { user, system } = process.cpuUsage(start);
      send({ is: 'read', microseconds: user + system, events: events - warmUp });
    }
  });
}

process.on('message', (order: Order) => {
  if (order.do === 'read') {
    void read(order.port, order.cell);
  }
});
process.on('disconnect', () => {
  process.exit();
});
