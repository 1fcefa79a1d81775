import { pathToFileURL } from 'node:url';
import { createChannel, createSession } from 'better-sse';
import type { ServerResponse } from 'node:http';
import type * as Library from '../library.js';
import type * as Sse from '../../../dist/sse/index.js';
import type { Broadcast } from './Broadcast.js';
import type { ServerName } from './messages.js';

/** Creates the server to measure. `dist` is the folder of the built library. */
export const BROADCASTS: Readonly<Record<ServerName, (dist: string) => Promise<Broadcast>>> = {
  bus: overBus,
  loop: () => Promise.resolve(byHand()),
  'better-sse': () => Promise.resolve(overBetterSse()),
};

async function overBus(dist: string): Promise<Broadcast> {
  const { SharingBus, EventFilter } = (await import(pathToFileURL(`${dist}/index.js`).href)) as typeof Library;
  const { EventStreams } = (await import(pathToFileURL(`${dist}/sse/index.js`).href)) as typeof Sse;
  const bus = new SharingBus({ history: { capacity: 1_000 } });
  const streams = new EventStreams(bus, {
    filter: EventFilter.all,
    maxConnections: 100_000,
    onError: (error) => {
      throw error;
    },
  });
  return {
    handle: (request, response) => void streams.handle(request, response),
    publish: (busEvent) => {
      bus.publish(busEvent);
    },
    get size() {
      return streams.size;
    },
  };
}

/** A loop as one writes it by hand: one text for each event, and a write to each client. */
function byHand(): Broadcast {
  const open = new Set<ServerResponse>();
  let seq = 0;
  return {
    handle: (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
      response.write('retry: 2000\n\n');
      open.add(response);
      response.on('close', () => {
        open.delete(response);
      });
    },
    publish: (busEvent) => {
      seq += 1;
      const text = `id: ${seq}\ndata: ${JSON.stringify({ ...busEvent, seq })}\n\n`;
      for (const response of open) {
        response.write(text);
      }
    },
    get size() {
      return open.size;
    },
  };
}

function overBetterSse(): Broadcast {
  const channel = createChannel();
  let seq = 0;
  return {
    handle: (request, response) => {
      void createSession(request, response).then((session) => {
        channel.register(session);
      });
    },
    publish: (busEvent) => {
      seq += 1;
      channel.broadcast({ ...busEvent, seq }, 'message', { eventId: `${seq}` });
    },
    get size() {
      return channel.sessionCount;
    },
  };
}
