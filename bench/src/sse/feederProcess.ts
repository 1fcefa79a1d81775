// The process of a server that sends text as fast as one client reads it: node feederProcess.js CELL.
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { newUuid } from '../library.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { eventOf, kindOf } from './events.js';
import { type ClientCell, send } from './messages.js';

const [, , cellText = ''] = process.argv;
const { events, burst } = JSON.parse(cellText) as ClientCell;
const epoch = newUuid();
const blocks = Array.from(
  { length: events },
  (_, n) => `id: ${epoch}:${n + 1}\ndata: ${JSON.stringify({ ...eventOf(n, kindOf(0)), seq: n + 1 })}\n\n`,
);

async function feed(response: ServerResponse): Promise<void> {
  response.writeHead(200, { 'Content-Type': 'text/event-stream' });
  for (let n = 0; n < events; n += burst) {
    if (!response.write(blocks.slice(n, n + burst).join(''))) {
      await once(response, 'drain');
    }
    await yieldOnce();
  }
}

const server = createServer((_request, response) => void feed(response));
server.listen(0, '127.0.0.1', () => {
  send({ is: 'listening', port: (server.address() as AddressInfo).port });
});
process.on('disconnect', () => {
  process.exit();
});
