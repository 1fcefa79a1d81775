import { describe, expect, it } from '@jest/globals';
import { connect, constants, createServer, type Http2Server, type IncomingHttpHeaders } from 'node:http2';
import type { AddressInfo } from 'node:net';
import { EventFilter, SharingBus } from '../../lib/index.js';
import { type EventStreamOptions, EventStreams } from '../../lib/sse/index.js';
import { event } from '../support/events.js';
import { until } from './support.js';

const { NGHTTP2_NO_ERROR, NGHTTP2_CANCEL } = constants;
const all = { filter: EventFilter.all };

interface Served<E> extends AsyncDisposable {
  readonly streams: EventStreams<E>;
  readonly url: string;
}

async function serve<E>(bus: SharingBus<E>, options: EventStreamOptions<E> = all): Promise<Served<E>> {
  const streams = new EventStreams(bus, options);
  const server: Http2Server = createServer((request, response) => void streams.handle(request, response));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    streams,
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.asyncDispose]: () =>
      new Promise((resolve) => {
        server.close(() => {
          resolve();
        });
      }),
  };
}

describe('over node:http2', () => {
  it('delivers with the headers of an event stream, and ends with the bus', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 10 } });
    await using served = await serve(bus);
    const session = connect(served.url);
    const stream = session.request({ ':path': '/events' });
    const headers = await new Promise<IncomingHttpHeaders>((resolve) => stream.once('response', resolve));
    expect([headers[':status'], headers['content-type']]).toEqual([200, 'text/event-stream; charset=utf-8']);
    let text = '';
    stream.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    await until(() => text.includes('position'));
    bus.publish(event(1));
    await until(() => text.includes('"event":1'));
    bus.close();
    await until(() => text.endsWith('event: end\ndata: {}\n\n'));
    await until(() => served.streams.size === 0);
    session.destroy();
  });

  it('is decided about by the host, the scheme and the path that it came with', async () => {
    const seen: unknown[] = [];
    const authorize = ({ url, headers }: Request): false => {
      seen.push(url, headers.get('host'), headers.get('x-a'));
      return false;
    };
    await using served = await serve(new SharingBus<number>(), { authorize });
    const session = connect(served.url);
    for (const scheme of ['http', 'https', 'other']) {
      const headers = { ':authority': 'h.test:8080', ':scheme': scheme, ':path': '/a?b=1', 'x-a': '1' };
      const stream = session.request(headers);
      await new Promise((resolve) => stream.resume().once('close', resolve));
    }
    session.destroy();
    const other = ['h.test:8080', '1'];
    expect(seen).toEqual([
      ...['http://h.test:8080/a?b=1', ...other],
      ...['https://h.test:8080/a?b=1', ...other],
      ...['http://h.test:8080/a?b=1', ...other],
    ]);
  });

  it.each([
    ['NO_ERROR', NGHTTP2_NO_ERROR],
    ['CANCEL', NGHTTP2_CANCEL],
  ])(
    'frees the slot of each client that resets its stream with %s, also while a write is pending',
    async (_name, code) => {
      const bus = new SharingBus<string>();
      await using served = await serve(bus, { ...all, capacity: 4 });
      // Small windows are full after a few events, and what is written then is pending.
      const session = connect(served.url, { settings: { initialWindowSize: 1_000 } });
      const opened = Array.from({ length: 20 }, () => session.request({ ':path': '/events' }));
      await until(() => bus.subscriberCount === 20);
      for (const text of ['a', 'b', 'c']) {
        bus.publish(event(text.repeat(40_000)));
        await new Promise((resolve) => setImmediate(resolve));
      }
      // Some of them have read what the window let through, others nothing.
      opened.forEach((stream, index) => {
        if (index % 2 === 0) {
          stream.resume();
        }
      });
      await until(() => bus.stats().receivers.every(({ waiting }) => waiting > 0));
      opened.forEach((stream) => {
        stream.close(code);
      });
      await until(() => bus.subscriberCount === 0 && served.streams.size === 0);
      session.destroy();
    },
  );

  it('frees the slots of all streams of a connection that breaks', async () => {
    const bus = new SharingBus<number>();
    await using served = await serve(bus);
    const session = connect(served.url);
    session.on('error', () => undefined);
    for (let n = 0; n < 10; n += 1) {
      session.request({ ':path': '/events' }).on('error', () => undefined);
    }
    await until(() => bus.subscriberCount === 10);
    session.destroy(new Error('broken'));
    await until(() => bus.subscriberCount === 0 && served.streams.size === 0);
  });
});
