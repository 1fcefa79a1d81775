import { serve as serveHono } from '@hono/node-server';
import { describe, expect, it } from '@jest/globals';
import { EventSource } from 'eventsource';
import fc from 'fast-check';
import { Hono } from 'hono';
import type { IncomingMessage, Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { type BusPosition, type Delivery, EventFilter, SharingBus } from '../../lib/index.js';
import {
  EventStreamError,
  type EventStreamOptions,
  EventStreams,
  fromEventStream,
  type FromEventStreamOptions,
  toEventStream,
} from '../../lib/sse/index.js';
import { survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { getRaw, parse, serve, type Served, told, until, Watch } from './support.js';

const history = { capacity: 100_000 };
const all = { filter: EventFilter.all };
const quick = { initialMs: 1, maxMs: 5 };

async function serveStreams<E>(
  bus: SharingBus<E>,
  options: EventStreamOptions<E> = all,
): Promise<Served & { readonly streams: EventStreams<E> }> {
  const streams = new EventStreams(bus, options);
  return { streams, ...(await serve((request, response) => void streams.handle(request, response))) };
}

/** Publishes the numbers from `first` to `last`. */
function publish(bus: SharingBus<number>, first: number, last: number): void {
  for (let n = first; n <= last; n += 1) {
    bus.publish(event(n, { kind: n % 3 === 0 ? 'third' : 'other' }));
  }
}

/** A client of `fromEventStream`, and when it was opened. */
function watch(
  url: string,
  options: FromEventStreamOptions<number> = {},
): Watch<Delivery<number>> & { readonly states: string[] } {
  const states: string[] = [];
  const deliveries = new Watch(
    fromEventStream<number>(url, {
      retry: quick,
      ...options,
      parse,
      onStatus: ({ state }) => {
        states.push(state);
      },
    }),
  );
  return Object.assign(deliveries, { states });
}

describe('over node:http', () => {
  it('delivers what matches, in order, and completes when the bus is closed', async () => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus);
    const client = watch(served.url, { filter: EventFilter.kind('third') });
    await until(() => client.states.includes('open'));
    publish(bus, 1, 10);
    await client.count(3);
    bus.close();
    await client.ended();
    expect(client.values.map(told)).toEqual([3, 6, 9]);
    expect([client.ending, bus.subscriberCount, served.streams.size]).toEqual(['complete', 0, 0]);
  });

  it('is read by curl: raw text with headers, as it comes', async () => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus);
    const response = await getRaw(`${served.url}?filter=${encodeURIComponent('{"type":"all"}')}`);
    expect([response.statusCode, response.headers['content-type'], response.headers['transfer-encoding']]).toEqual([
      200,
      'text/event-stream; charset=utf-8',
      'chunked',
    ]);
    let text = '';
    response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await until(() => text.includes('position'));
    publish(bus, 1, 1);
    await until(() => text.includes('"event":1'));
    expect(text.endsWith('}\n\n')).toBe(true);
    bus.close();
    await new Promise((resolve) => response.on('end', resolve));
    expect(text.endsWith('event: end\ndata: {}\n\n')).toBe(true);
  });

  it.each([
    ['a bad host', { host: 'a b' }, 200],
    ['an id that it does not know', { 'last-event-id': 'x' }, 200],
    ['another type', { accept: 'text/html' }, 406],
  ])('answers a request with %s', async (_what, headers, status) => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus);
    const response = await getRaw(served.url, headers);
    expect(response.statusCode).toBe(status);
    response.destroy();
    await until(() => bus.subscriberCount === 0);
  });

  it('delivers the time of an event as it was published, and none where it had none', async () => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus);
    const client = new Watch(fromEventStream(served.url, { retry: quick, from: 'start' }));
    const routing = { kind: 'k' };
    bus.publish({ routing, origin: 'o', event: { type: 'Timed' } as never, at: 1767225601000.25 });
    bus.publish({ routing, origin: 'o', event: { type: 'Untimed' } as never });
    await client.count(2);
    bus.close();
    await client.ended();
    expect(client.values).toStrictEqual([
      { type: 'event', event: { routing, origin: 'o', event: { type: 'Timed' }, at: 1767225601000.25, seq: 1 } },
      { type: 'event', event: { routing, origin: 'o', event: { type: 'Untimed' }, seq: 2 } },
    ]);
  });

  it('frees the slot of each of 100 clients that cut the connection', async () => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus);
    const responses = await Promise.all(Array.from({ length: 100 }, () => getRaw(served.url)));
    expect([bus.subscriberCount, served.streams.size]).toEqual([100, 100]);
    responses.forEach((response, index) => {
      if (index % 2 === 0) {
        response.destroy();
      } else {
        response.socket.resetAndDestroy();
      }
    });
    await until(() => bus.subscriberCount === 0);
    expect(served.streams.size).toBe(0);
  });

  it('counts requests that come in one piece, and frees the slots of all when their connection closes', async () => {
    const bus = new SharingBus<number>();
    await using served = await serveStreams(bus, { ...all, maxConnections: 4 });
    const { port } = served.server.address() as AddressInfo;
    const socket = connect(port, '127.0.0.1');
    socket.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n'.repeat(8));
    await until(() => bus.subscriberCount === 4);
    socket.resetAndDestroy();
    await until(() => bus.subscriberCount === 0);
    expect(served.streams.size).toBe(0);
  });

  it('frees the slot of one who leaves while it is decided about', async () => {
    const bus = new SharingBus<number>();
    let asked = false;
    await using served = await serveStreams(bus, {
      authorize: () => {
        asked = true;
        return new Promise<never>(() => undefined);
      },
    });
    const controller = new AbortController();
    const answered = fetch(served.url, { signal: controller.signal });
    await until(() => asked);
    controller.abort();
    await expect(answered).rejects.toThrow();
    await until(() => served.streams.size === 0);
  });

  it('lets a stalled client fill its own queue, and lose its own events only', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 16 } });
    await using served = await serveStreams(bus, { ...all, capacity: 16 });
    const stalled = await getRaw(served.url);
    const text = 'x'.repeat(1_000);
    const fast = watch(served.url);
    await until(() => bus.subscriberCount === 2 && fast.states.includes('open'));
    const [first] = bus.stats().receivers;
    let published = 0;
    // The system's own buffers take some megabytes before the socket does not.
    for (let lagged = 0; lagged === 0;) {
      for (let n = 0; n < 16; n += 1) {
        published += 1;
        bus.publish({ ...event(published), origin: text });
      }
      await fast.count(published);
      lagged = bus.stats().receivers.find(({ id }) => id === first?.id)?.lagged ?? 0;
    }
    const [slow, other] = bus.stats().receivers;
    expect([slow?.waiting, other?.lagged]).toEqual([16, 0]);
    const rest = textOf(stalled);
    bus.close();
    const seqs = [...(await rest).matchAll(/"seq":/g)].length;
    const missed = [...(await rest).matchAll(/"missed":(\d+)/g)].reduce((sum, [, n]) => sum + Number(n), 0);
    expect(seqs + missed).toBe(published);
    expect(fast.values).toHaveLength(published);
  }, 30_000);

  it('ends in order, with the server: what waits is sent, and clients come back to the next one', async () => {
    const bus = new SharingBus<number>({ history });
    const served = await serveStreams(bus);
    const client = watch(served.url);
    await until(() => client.states.includes('open'));
    publish(bus, 1, 5);
    await served.streams.close();
    served.server.closeAllConnections();
    const { port } = served.server.address() as AddressInfo;
    await new Promise((resolve) => served.server.close(resolve));
    publish(bus, 6, 9);
    const again = new EventStreams(bus, all);
    await using _next = await serve((request, response) => void again.handle(request, response), port);
    publish(bus, 10, 11);
    await client.count(11);
    bus.close();
    await client.ended();
    expect(client.values.map(told)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  });
});

describe('a client over node:http', () => {
  it.each([
    ['redirects that lead to each other', undefined],
    ['a relative URL', '/events'],
    ['a password', 'http://me:secret@127.0.0.1:9/'],
    ['an unknown scheme', 'foo://127.0.0.1/'],
  ])('ends with what can never work, also by a fetch of its own: %s', async (_what, url) => {
    await using served = await serve(({ url: path = '' }, response) => {
      response.writeHead(302, { location: path.endsWith('a') ? '/b' : '/a' }).end();
    });
    const client = watch(url ?? served.url, { fetch: (address, request) => fetch(address, request) });
    await client.ended();
    expect([client.ending, client.states]).toEqual([expect.any(EventStreamError), ['connecting', 'closed']]);
  });

  it('ends with the status of an answer whose body never comes', async () => {
    await using served = await serve((_request, response) => {
      response.writeHead(403).flushHeaders();
    });
    const client = watch(served.url);
    await client.ended();
    expect(client.ending).toMatchObject({ name: 'EventStreamError', status: 403, body: '' });
  });

  it('frees its slot when it is left, also where its fetch drops the signal', async () => {
    const bus = new SharingBus<number>();
    await using served = await serveStreams(bus, { ...all, maxConnections: 2 });
    for (let visit = 0; visit < 5; visit += 1) {
      const client = watch(served.url, { fetch: (url, { headers }) => fetch(url, { headers }) });
      await until(() => client.states.includes('open'));
      client.stop();
      await until(() => bus.subscriberCount === 0);
    }
  });
});

describe('over Hono', () => {
  it('delivers, and frees the slot of a client that goes away', async () => {
    const bus = new SharingBus<number>({ history });
    const app = new Hono().get('/events', ({ req }) => toEventStream(bus, req.raw, all));
    const server = serveHono({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }) as Server;
    await new Promise((resolve) => server.once('listening', resolve));
    const client = watch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/events`);
    await until(() => client.states.includes('open'));
    publish(bus, 1, 3);
    await client.count(3);
    // What is idle is not taken for what nobody reads.
    await survivors([new WeakRef({})]);
    await until(() => bus.subscriberCount === 1);
    publish(bus, 4, 5);
    await client.count(5);
    expect(client.values.map(told)).toEqual([1, 2, 3, 4, 5]);
    client.stop();
    await until(() => bus.subscriberCount === 0);
    server.close();
  });
});

describe('an EventSource', () => {
  it('reads the stream, resumes by itself, and stops when the bus is closed', async () => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus, { ...all, retryMs: 1 });
    const source = new EventSource(served.url);
    const seen: number[] = [];
    source.onmessage = ({ data }) => seen.push((JSON.parse(data as string) as { event: number }).event);
    await new Promise((resolve) => {
      source.addEventListener('position', resolve);
    });
    publish(bus, 1, 3);
    await until(() => seen.length === 3);
    served.server.closeAllConnections();
    publish(bus, 4, 6);
    await until(() => seen.length === 6);
    bus.close();
    await until(() => source.readyState === EventSource.CLOSED);
    expect(seen).toEqual([1, 2, 3, 4, 5, 6]);
  });
});

describe('an EventSource that comes back', () => {
  interface Page {
    readonly source: EventSource;
    readonly seen: number[];
    answers: number;
  }

  function page(url: string): Page {
    const source = new EventSource(url);
    const opened: Page = { source, seen: [], answers: 0 };
    source.onopen = () => (opened.answers += 1);
    source.onmessage = ({ data }) => opened.seen.push((JSON.parse(data as string) as { event: number }).event);
    return opened;
  }

  it('to a server that is closing, and waits for a reader who does not read, goes on at the next server', async () => {
    const bus = new SharingBus<number>({ history });
    const options = { ...all, retryMs: 1 };
    const first = new EventStreams(bus, { ...options, closeMs: 60_000 });
    let streams = first;
    await using served = await serve((request, response) => void streams.handle(request, response));
    const stuck = (await first.respond(new Request(served.url))).body?.getReader();
    await stuck?.read();
    const client = page(served.url);
    await until(() => first.size === 2);
    publish(bus, 1, 3);
    const closed = first.close();
    await until(() => client.answers >= 4);
    expect(first.size).toBe(1);
    streams = new EventStreams(bus, options);
    publish(bus, 4, 6);
    await until(() => client.seen.length === 6);
    expect(client.seen).toEqual([1, 2, 3, 4, 5, 6]);
    await stuck?.cancel();
    await closed;
    bus.close();
    await until(() => client.source.readyState === EventSource.CLOSED);
  });

  it('to a server that is full gets its place when there is one', async () => {
    const bus = new SharingBus<number>({ history });
    await using served = await serveStreams(bus, { ...all, retryMs: 1, maxConnections: 1 });
    const other = await served.streams.respond(new Request(served.url));
    const late = page(`${served.url}?from=start`);
    await until(() => late.answers >= 3);
    publish(bus, 1, 3);
    await other.body?.cancel();
    await until(() => late.seen.length === 3);
    bus.close();
    await until(() => late.source.readyState === EventSource.CLOSED);
    expect(late.seen).toEqual([1, 2, 3]);
  });
});

describe('a log-out', () => {
  it('completes fromEventStream, and ends an EventSource by the next answer of authorize', async () => {
    const bus = new SharingBus<number>({ history });
    const login = new AbortController();
    let asked = 0;
    await using served = await serveStreams<number>(bus, {
      retryMs: 1,
      authorize: () => {
        asked += 1;
        return login.signal.aborted ? false : { filter: EventFilter.all, signal: login.signal };
      },
    });
    const client = watch(served.url);
    const source = new EventSource(served.url);
    await until(() => served.streams.size === 2 && client.states.includes('open') && source.readyState === 1);
    publish(bus, 1, 2);
    await client.count(2);
    login.abort();
    publish(bus, 3, 4);
    await client.ended();
    await until(() => source.readyState === EventSource.CLOSED);
    expect([client.ending, client.values.map(told), client.states.includes('waiting'), asked]).toEqual([
      'complete',
      [1, 2],
      false,
      3,
    ]);
  });
});

describe('a resume', () => {
  it('neither loses nor doubles, wherever connections are cut, and however slowly they are read', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          seed: fc.integer(),
          capacity: fc.integer({ min: 1, max: 20 }),
          retained: fc.integer({ min: 1, max: 200 }),
          overflow: fc.constantFrom('drop-newest' as const, 'drop-oldest' as const),
          cuts: fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 1, maxLength: 6 }),
          pauses: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 10 }),
        }),
        async ({ capacity, retained, overflow, cuts, pauses }) => {
          const bus = new SharingBus<number>({ history: { capacity: retained } });
          const streams = new EventStreams(bus, { ...all, capacity, overflow });
          const left = [...cuts];
          const positions: BusPosition[] = [];
          const client = new Watch(
            fromEventStream<number>('http://a.test/', {
              parse,
              from: 'start',
              retry: { initialMs: 1, maxMs: 1 },
              onPosition: (position) => positions.push(position),
              fetch: async (url, { headers, signal }) => {
                const response = await streams.respond(new Request(url, { headers, signal }));
                return cutAfter(response, left.shift(), pauses);
              },
            }),
          );
          await until(() => positions.length === 1);
          for (let n = 1; n <= 300; n += 1) {
            bus.publish(event(n));
            if (n % 7 === 0) {
              await new Promise((resolve) => setImmediate(resolve));
            }
          }
          await until(() => positions.at(-1)?.seq === 300);
          client.stop();
          const events = client.values.flatMap((one) => (one.type === 'event' ? [one.event.seq ?? 0] : []));
          expect(events).toEqual([...new Set(events)].sort((a, b) => a - b));
          const missed = client.values.reduce((sum, one) => sum + (one.type === 'gap' ? one.missed : 0), 0);
          expect(events.length + missed).toBe(300);
          expect(bus.subscriberCount).toBe(0);
        },
      ),
      { numRuns: 60 },
    );
  }, 60_000);
});

/** `response`, read slowly, and broken off after so many bytes. */
function cutAfter(response: Response, bytes = Infinity, pauses: readonly number[] = []): Response {
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let left = bytes;
  let reads = 0;
  const body = new ReadableStream<Uint8Array>(
    {
      pull: async (controller) => {
        for (let turns = pauses[reads++ % pauses.length] ?? 0; turns > 0; turns -= 1) {
          await new Promise((resolve) => setImmediate(resolve));
        }
        const { value } = await reader.read();
        if (value === undefined) {
          controller.close();
          return;
        }
        controller.enqueue(value.subarray(0, left));
        left -= value.length;
        if (left <= 0) {
          await reader.cancel();
          controller.error(new Error('cut'));
        }
      },
      cancel: () => reader.cancel(),
    },
    { highWaterMark: 0 },
  );
  return new Response(body, { status: response.status, headers: response.headers });
}

async function textOf(response: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of response.setEncoding('utf8')) {
    text += chunk as string;
  }
  return text;
}
