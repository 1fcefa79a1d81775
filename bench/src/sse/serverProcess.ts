// The process of a server: node --expose-gc serverProcess.js CELL DIST. Messages control it.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { heapAfterCollection } from '../load/heap.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { BROADCASTS } from './broadcasts.js';
import { eventOf, FILLING, kindOf } from './events.js';
import { type Order, send, type ServerCell } from './messages.js';

const [, , cellText = '', dist = ''] = process.argv;
const cell = JSON.parse(cellText) as ServerCell;
const { clients, filters, share, stalled, burst, bursts } = cell;
/** What fills a client that does not read, with the buffers of the operating system: 16 MB. */
const FILLING_TEXT = '.'.repeat(8_000);
const FILLING_EVENTS = 2_000;

const broadcast = await BROADCASTS[cell.server](dist);
const server = createServer((request, response) => {
  broadcast.handle(request, response);
});

let published = 0;
/** The deliveries that are due to clients that read. */
let due = 0;
let acknowledge: (() => void) | undefined;
const groups = filters / share;

/** Publishes a burst and waits until all clients that read have it. */
async function publishBurst(): Promise<void> {
  for (let n = 0; n < burst; n += 1) {
    published += 1;
    broadcast.publish(eventOf(published, kindOf(published % groups)));
  }
  due += (burst * (clients - stalled)) / groups;
  const acknowledged = new Promise<void>((resolve) => {
    acknowledge = resolve;
  });
  send({ is: 'published', total: due });
  await acknowledged;
}

async function load(warmUp: number): Promise<void> {
  for (let n = 0; n < warmUp; n += 1) {
    await publishBurst();
  }
  const [before, start] = [due, process.cpuUsage()];
  for (let n = 0; n < bursts; n += 1) {
    await publishBurst();
  }
  const { user, system } = process.cpuUsage(start);
  send({ is: 'loaded', microseconds: user + system, last: published, matching: due - before });
}

/** Publishes events for the clients that do not read. */
async function fill(): Promise<void> {
  for (let n = 0; n < FILLING_EVENTS; n += 1) {
    published += 1;
    broadcast.publish({
      routing: { kind: FILLING },
      origin: 'agent',
      event: { type: 'Notice', severity: 'info', title: FILLING_TEXT },
    });
    if (n % 20 === 0) {
      await yieldOnce();
    }
  }
  send({ is: 'filled', last: published, matching: FILLING_EVENTS });
}

process.on('message', (order: Order) => {
  switch (order.do) {
    case 'load':
      void load(order.warmUp);
      break;
    case 'acknowledged':
      acknowledge?.();
      break;
    case 'fill':
      void fill();
      break;
    case 'heap':
      void heapAfterCollection().then((bytes) => {
        send({ is: 'heap', bytes });
      });
      break;
    default:
  }
});
server.listen(0, '127.0.0.1', () => {
  send({ is: 'listening', port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => {
  process.exit();
});
