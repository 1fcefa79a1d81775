import { describe, expect, it, jest } from '@jest/globals';
import { EventEmitter } from 'node:events';
import { EventFilter, SharingBus, SlowConsumerError } from '../../lib/index.js';
import { type EventStreamOptions, EventStreams, toEventStream } from '../../lib/sse/index.js';
import { Clock } from '../support/Clock.js';
import { recordingLogger } from '../support/collect.js';
import { collectGarbage, survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { Reader } from './Reader.js';

const history = { capacity: 1000 };
const all = { filter: EventFilter.all };

function request(query: Record<string, string> = {}, init: RequestInit = {}): Request {
  return new Request(`http://localhost/events?${new URLSearchParams(query).toString()}`, init);
}

async function open<E>(bus: SharingBus<E>, options: EventStreamOptions<E> = all, asked = request()): Promise<Reader> {
  return new Reader(await toEventStream(bus, asked, options));
}

/** The answers of a server that is full, and of one that is closing. */
const BUSY = 'retry: 2000\n\n: busy, try again\n\n';
const CLOSING = 'retry: 2000\n\n: closing, try again\n\n';

async function answered(response: Response): Promise<[number, string]> {
  return [response.status, await response.text()];
}

/** The status of the answer, and what it says. */
async function refused(options: EventStreamOptions<string>, asked = request()): Promise<[number, string]> {
  const bus = new SharingBus<string>({ history });
  const response = await toEventStream(bus, asked, options);
  expect(bus.subscriberCount).toBe(0);
  return [response.status, await response.text()];
}

describe('a request', () => {
  it('is answered with the headers of an event stream that no proxy keeps or changes', () => {
    const response = toEventStream(new SharingBus<string>(), request(), all);
    expect(response.status).toBe(200);
    expect(Object.fromEntries(response.headers)).toEqual({
      'cache-control': 'no-store, no-transform',
      'content-encoding': 'identity',
      'content-type': 'text/event-stream; charset=utf-8',
      'x-accel-buffering': 'no',
    });
  });

  it.each(['HEAD', 'POST', 'OPTIONS'])('that is a %s is answered 405', (method) => {
    const response = toEventStream(new SharingBus<string>(), request({}, { method }), all);
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'GET']);
  });

  it.each([
    ['text/html', 406],
    ['text/event-stream;q=0, */*', 406],
    ['application/json, text/*;q=0.5', 200],
    ['*/*', 200],
  ])('that accepts %s is answered %i', (accept, status) => {
    const { status: answered } = toEventStream(new SharingBus(), request({}, { headers: { accept } }), all);
    expect(answered).toBe(status);
  });

  it('is answered 403 where neither a filter nor a function allows anything', async () => {
    expect(await refused({})).toEqual([403, '{"error":"access denied"}']);
  });

  it.each([
    ['from', 'then'],
    ['from', ':1'],
    ['filter', '{'],
    ['filter', '{"type":"where"}'],
    ['filter', '{"type":"kind","kinds":["a"],"kind":"b"}'],
  ])('is answered 400 for %s=%s', async (name, value) => {
    const [status, text] = await refused(all, request({ [name]: value }));
    expect(status).toBe(400);
    expect(text).toContain('error');
  });

  it('is told every problem of its filter', async () => {
    const [, text] = await refused(all, request({ filter: '{"type":"scrollId","id":"x"}' }));
    expect((JSON.parse(text) as { issues: unknown }).issues).toEqual([
      { path: 'id', message: 'must be a UUID, got "x"' },
    ]);
  });

  it('is answered 414 for a filter that is too long', async () => {
    const filter = JSON.stringify(EventFilter.kind('ä'.repeat(20)));
    // Each letter takes six bytes in a URL.
    expect((await refused({ ...all, maxFilterBytes: 177 }, request({ filter })))[0]).toBe(414);
    const { status } = toEventStream(new SharingBus(), request({ filter }), { ...all, maxFilterBytes: 178 });
    expect(status).toBe(200);
  });

  it('can only narrow what is served', async () => {
    const bus = new SharingBus<number>({ history });
    const filter = JSON.stringify(EventFilter.or(EventFilter.kind('a'), EventFilter.kind('b')));
    const reader = await open(bus, { filter: EventFilter.kind('b', 'c') }, request({ filter }));
    bus.publish(event(1, { kind: 'a' }));
    bus.publish(event(2, { kind: 'b' }));
    bus.publish(event(3, { kind: 'c' }));
    bus.close();
    expect(await reader.payloads()).toEqual([2]);
  });

  it('is decided about by a function, which can narrow, but not widen', async () => {
    const bus = new SharingBus<number>({ history });
    const filter = JSON.stringify(EventFilter.kind('a', 'b'));
    const seen: unknown[] = [];
    const reader = await open<number>(
      bus,
      {
        filter: EventFilter.not(EventFilter.origin('secret')),
        authorize: (asked, wanted) => {
          seen.push(asked.method, wanted);
          return Promise.resolve(EventFilter.kind('b', 'c'));
        },
      },
      request({ filter }),
    );
    bus.publish(event(1, { kind: 'a' }));
    bus.publish(event(2, { kind: 'b' }));
    bus.publish({ ...event(3, { kind: 'b' }), origin: 'secret' });
    bus.publish(event(4, { kind: 'c' }));
    bus.close();
    expect(await reader.payloads()).toEqual([2]);
    expect(seen).toEqual(['GET', JSON.parse(filter)]);
  });

  it('is refused by the function with 403, or with a response of its own', async () => {
    expect((await refused({ authorize: () => false }))[0]).toBe(403);
    expect(await refused({ authorize: () => new Response('log in', { status: 401 }) })).toEqual([401, 'log in']);
  });

  it('is answered 500 without details for what the function throws, or forgets', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const failure = new Error('the secret is 42');
    const authorize = (): never => {
      throw failure;
    };
    expect(await refused({ authorize, onError })).toEqual([500, '{"error":"the request could not be served"}']);
    expect(await refused({ authorize: () => undefined as never, onError })).toEqual([
      500,
      '{"error":"the request could not be served"}',
    ]);
    expect((await refused({ authorize: () => true as never, onError }))[0]).toBe(500);
    expect(errors).toEqual([
      failure,
      new TypeError('authorize: expected a filter, { filter, signal }, false or a response, got undefined'),
      new TypeError('authorize: expected a filter, { filter, signal }, false or a response, got true'),
    ]);
  });

  it('is answered 500 where it is no Request, and told to the application', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const streams = new EventStreams(new SharingBus(), { filter: EventFilter.all, onError });
    // A framework's own request, without the headers of the platform's.
    expect((await streams.respond({ method: 'GET', url: 'http://localhost/' } as never)).status).toBe(500);
    expect((await streams.respond(undefined as never)).status).toBe(500);
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)]);
    expect(streams.size).toBe(0);
  });

  it('is answered 500 for a response of the function’s that cannot be sent', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const used = new Response('log in', { status: 401 });
    expect((await refused({ authorize: () => used, onError }))[0]).toBe(401);
    expect((await refused({ authorize: () => used, onError }))[0]).toBe(500);
    expect((await refused({ authorize: () => Response.error(), onError }))[0]).toBe(500);
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  it('is answered at once where it is decided about at once', async () => {
    const bus = new SharingBus<string>();
    const response: Response = toEventStream(bus, request(), { authorize: () => EventFilter.kind('a') });
    bus.publish(event('first', { kind: 'a' }));
    bus.close();
    expect(await new Reader(response).payloads()).toEqual(['first']);
    const later = toEventStream(bus, request(), { authorize: () => Promise.resolve(EventFilter.all) });
    expect(later).toBeInstanceOf(Promise);
    expect((await later).status).toBe(204);
  });

  it('cannot be answered with options that are none, which is told at once', () => {
    expect(() => toEventStream(new SharingBus(), request(), { ...all, retryMs: 0 })).toThrow(RangeError);
  });

  it('holds a place while it is decided about, and once only', () => {
    const sizes: number[] = [];
    const authorize = (): EventFilter<string> => {
      sizes.push(streams.size);
      return EventFilter.all;
    };
    const streams = new EventStreams(new SharingBus<string>(), { authorize });
    void streams.respond(request());
    sizes.push(streams.size);
    expect(sizes).toEqual([1, 1]);
  });

  it('is asked to come back once the streams are disposed of', async () => {
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, all);
    const disposed = streams[Symbol.asyncDispose]();
    expect(await answered(await streams.respond(request()))).toEqual([200, CLOSING]);
    await disposed;
    expect([streams.size, bus.subscriberCount]).toEqual([0, 0]);
  });

  it('is asked to come back by a stream with no event, which ends no EventSource, where too many are open', async () => {
    const streams = new EventStreams(new SharingBus<string>({ history }), { ...all, maxConnections: 1 });
    const first = await streams.respond(request());
    const second = await streams.respond(request());
    expect(Object.fromEntries(second.headers)).toEqual(Object.fromEntries(first.headers));
    expect(await answered(second)).toEqual([200, BUSY]);
    const response = new FakeResponse();
    await streams.handle({ headers: {} }, response);
    expect([response.calls, response.ended, streams.size]).toEqual([['writeHead', 'end'], BUSY, 1]);
    await first.body?.cancel();
  });

  it('is asked to come back when it likes to, as the option says', async () => {
    const streams = new EventStreams(new SharingBus<string>(), { ...all, retryMs: 700 });
    await streams.close();
    expect(await answered(await streams.respond(request()))).toEqual([200, 'retry: 700\n\n: closing, try again\n\n']);
  });

  it('is answered 503 instead, where a load balancer needs that', async () => {
    const streams = new EventStreams(new SharingBus<string>(), { ...all, maxConnections: 1, busyStatus: 503 });
    const first = await streams.respond(request());
    const busy = await streams.respond(request());
    expect(busy.headers.get('retry-after')).toBe('2');
    expect(await answered(busy)).toEqual([503, '{"error":"too many streams are open"}']);
    await first.body?.cancel();
    await streams.close();
    expect(await answered(await streams.respond(request()))).toEqual([503, '{"error":"the server is closing"}']);
  });

  it('is not served when too many are open, or being decided about', async () => {
    const bus = new SharingBus<string>();
    let decide!: (verdict: typeof EventFilter.all) => void;
    const verdict = new Promise<typeof EventFilter.all>((resolve) => (decide = resolve));
    const streams = new EventStreams(bus, { authorize: () => verdict, maxConnections: 1 });
    const first = streams.respond(request());
    const second = await streams.respond(request());
    expect(await answered(second)).toEqual([200, BUSY]);
    decide(EventFilter.all);
    expect((await first).status).toBe(200);
    expect(await answered(await streams.respond(request()))).toEqual([200, BUSY]);
    await (await first).body?.cancel();
    const reader = new Reader(await streams.respond(request()));
    bus.publish(event('served'));
    bus.close();
    expect(await reader.payloads()).toEqual(['served']);
  });

  it('is not served either where as many come at once', async () => {
    for (const options of [all, { authorize: () => EventFilter.all }]) {
      const bus = new SharingBus<string>();
      const streams = new EventStreams(bus, { ...options, maxConnections: 2, busyStatus: 503 });
      const responses = await Promise.all(Array.from({ length: 5 }, () => streams.respond(request())));
      expect(responses.map(({ status }) => status)).toEqual([200, 200, 503, 503, 503]);
      expect([streams.size, bus.subscriberCount]).toEqual([2, 2]);
    }
  });

  it('that goes away while it is decided about holds no place', async () => {
    const streams = new EventStreams(new SharingBus<string>(), {
      authorize: () => new Promise<never>(() => undefined),
    });
    const controller = new AbortController();
    const answered = streams.respond(request({}, { signal: controller.signal }));
    expect(streams.size).toBe(1);
    controller.abort();
    await answered;
    expect(streams.size).toBe(0);
  });

  it('is answered 204 when the bus is closed: there is nothing to come back for', () => {
    const bus = new SharingBus<string>({ history });
    bus.publish(event('old'));
    const { epoch } = bus.position ?? {};
    bus.close();
    for (const query of [{}, { lastEventId: `${epoch}:1` }]) {
      expect(toEventStream(bus, request(query), all).status).toBe(204);
    }
  });

  it('that comes back to a closed bus is told what it missed, then the end', async () => {
    const bus = new SharingBus<string>({ history });
    bus.publish(event('old'));
    bus.publish(event('old'));
    const { epoch } = bus.position ?? {};
    bus.close();
    const text = async (query: Record<string, string>): Promise<string> =>
      (await open(bus, all, request(query))).rest();
    const end = 'event: end\ndata: {}\n\n';
    expect(await text({ lastEventId: `${epoch}:1` })).toBe(
      `retry: 2000\n\nevent: gap\nid: ${epoch}:2\ndata: {"missed":1,"byKind":{"*":1}}\n\n${end}`,
    );
    expect(await text({ from: 'start', filter: '{"type":"kind","kinds":["x"]}' })).toContain('"missed":2');
    expect(await text({ from: 'start', filter: '{"type":"kind","kinds":["x"]}' })).toContain('"atMost":true');
    expect(await text({ lastEventId: 'other:1' })).toContain('"missed":null');
  });
});

describe('a closed bus without a history', () => {
  it('tells a client that comes with a place that it misses an unknown number, then the end', async () => {
    const bus = new SharingBus<string>();
    bus.publish(event('old'));
    bus.close();
    for (const query of [{ lastEventId: 'e:1' }, { from: 'start' }]) {
      expect(await (await open(bus, all, request(query))).rest()).toBe(
        'retry: 2000\n\nevent: gap\ndata: {"missed":null,"byKind":{"*":null},"atMost":true}\n\nevent: end\ndata: {}\n\n',
      );
    }
    expect(toEventStream(bus, request({}), all).status).toBe(204);
  });
});

describe('options of an event stream', () => {
  it.each([
    [{ capacity: 0 }, RangeError],
    [{ heartbeatMs: 0 }, RangeError],
    [{ maxConnections: 1.5 }, RangeError],
    [{ busyStatus: 429 as never }, RangeError],
    [{ filter: { type: 'x' } as never }, TypeError],
    [{ authorize: true as never }, TypeError],
    [{ scheduler: {} as never }, TypeError],
    [{ overflow: 'latest', key: () => 1 } as const, TypeError],
  ])('that are none are refused: %j', (options, error) => {
    expect(() => new EventStreams(new SharingBus({ history }), options)).toThrow(error);
  });

  it('serve no response but those of Node, and say so', async () => {
    const streams = new EventStreams(new SharingBus(), { filter: EventFilter.all });
    for (const response of [undefined, { raw: new FakeResponse() }]) {
      await expect(streams.handle({ headers: {} }, response as never)).rejects.toThrow(
        new TypeError('EventStreams.handle: response.writeHead must be a function, got undefined'),
      );
    }
    expect(streams.size).toBe(0);
  });

  it('are not looked at where there is no bus', () => {
    expect(() => new EventStreams(undefined as never)).toThrow(
      new TypeError('EventStreams: bus.stream must be a function, got undefined'),
    );
  });
});

describe('the text of an event stream', () => {
  it('begins with the time to wait, and the place where it begins', async () => {
    const bus = new SharingBus<string>({ history });
    bus.publish(event('before'));
    const { epoch } = bus.position ?? {};
    const reader = await open(bus);
    bus.publish(event('after'));
    expect(await reader.blocks(3)).toEqual([
      'retry: 2000',
      `event: position\nid: ${epoch}:1\ndata: {}`,
      `id: ${epoch}:2\ndata: {"routing":{"kind":"test"},"origin":"runtime","event":"after","seq":2}`,
    ]);
  });

  it('keeps every payload on one line, whatever is in it', async () => {
    const payloads = ['a\nb\r\nc\rd', 'a\u2028b\u2029', '\ud800 alone', '\u0000', { 'id: 1\n\ndata': ': x' }, null];
    const bus = new SharingBus<unknown>({ history });
    const reader = await open(bus);
    for (const payload of payloads) {
      bus.publish(event(payload));
    }
    bus.close();
    expect(await reader.payloads()).toEqual(payloads);
  });

  it('leaves out a payload that is undefined, and fields that are not the envelope’s', async () => {
    const bus = new SharingBus<unknown>();
    const reader = await open(bus);
    bus.publish({ ...event(undefined), secret: 'x' } as never);
    const [, block] = await reader.blocks(2);
    expect(block).toBe('data: {"routing":{"kind":"test"},"origin":"runtime"}');
  });

  it('tells an event that cannot be written as a gap of one, and goes on', async () => {
    const errors: unknown[] = [];
    const bus = new SharingBus<unknown>({ history });
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const reader = await open(bus, { ...all, maxEventBytes: 100, onError });
    const failure = new Error('no JSON');
    const toJSON = (): never => {
      throw failure;
    };
    bus.publish(event({ toJSON }));
    bus.publish(event(1n));
    bus.publish(event('ä'.repeat(40), { kind: 'long' }));
    bus.publish(event('fine'));
    const { epoch } = bus.position ?? {};
    expect((await reader.blocks(6)).slice(2)).toEqual([
      `event: gap\nid: ${epoch}:1\ndata: {"missed":1,"byKind":{"test":1}}`,
      `event: gap\nid: ${epoch}:2\ndata: {"missed":1,"byKind":{"test":1}}`,
      `event: gap\nid: ${epoch}:3\ndata: {"missed":1,"byKind":{"long":1}}`,
      `id: ${epoch}:4\ndata: {"routing":{"kind":"test"},"origin":"runtime","event":"fine","seq":4}`,
    ]);
    expect(errors).toEqual([failure, expect.any(TypeError), expect.any(RangeError)]);
  });

  it('has no ids without a history, and answers a resume with a gap that nobody knows the size of', async () => {
    const bus = new SharingBus<string>();
    const reader = await open(bus, all, request({}, { headers: { 'Last-Event-ID': 'e:1' } }));
    bus.publish(event('live'));
    expect(await reader.blocks(3)).toEqual([
      'retry: 2000',
      'event: gap\ndata: {"missed":null,"byKind":{"*":null},"atMost":true}',
      'data: {"routing":{"kind":"test"},"origin":"runtime","event":"live"}',
    ]);
  });

  it('resumes behind an id, of the header before the query, and tells of another life of the bus by a gap', async () => {
    const bus = new SharingBus<number>({ history });
    [1, 2, 3].forEach((n) => {
      bus.publish(event(n));
    });
    const { epoch = '' } = bus.position ?? {};
    const headers = { 'Last-Event-ID': `${epoch}:2` };
    const resumed = await open(bus, all, request({ from: 'start', lastEventId: `${epoch}:1` }, { headers }));
    const queried = await open(bus, all, request({ from: 'start', lastEventId: `${epoch}:1` }));
    const started = await open(bus, all, request({ from: 'start' }));
    const foreign = await open(bus, all, request({ lastEventId: 'other:2' }));
    bus.close();
    expect(await resumed.payloads()).toEqual([3]);
    expect(await queried.payloads()).toEqual([2, 3]);
    expect(await started.payloads()).toEqual([1, 2, 3]);
    expect(await foreign.payloads()).toEqual([{ missed: null, byKind: { '*': null }, atMost: true }, 1, 2, 3]);
  });

  it.each(['123', 'x', 'e:-1', 'e:9007199254740993', ':1', `${'e'.repeat(65)}:1`, 'ä'])(
    'answers an id that it does not know, %s, as it answers that of another life of the bus',
    async (id) => {
      const unknown = { missed: null, byKind: { '*': null }, atMost: true };
      const bus = new SharingBus<number>({ history });
      bus.publish(event(1));
      const asked = [request({ lastEventId: id, from: 'start' })];
      if (id !== 'ä') {
        asked.push(request({}, { headers: { 'Last-Event-ID': id } }));
      }
      const readers = await Promise.all(asked.map((one) => open(bus, all, one)));
      const live = new SharingBus<number>();
      const reader = await open(live, all, request({ lastEventId: id }));
      live.publish(event(2));
      live.close();
      bus.close();
      for (const resumed of readers) {
        expect(await resumed.payloads()).toEqual([unknown, 1]);
      }
      expect(await reader.payloads()).toEqual([unknown, 2]);
      expect(await (await open(bus, all, request({ lastEventId: id }))).payloads()).toEqual([unknown]);
    },
  );

  it('has the id of a gap right before what follows, so that a resume from it neither repeats nor loses', async () => {
    const bus = new SharingBus<number>({ history });
    const reader = await open(bus, { ...all, capacity: 1 });
    const publish = (n: number): void => {
      bus.publish(event(n));
    };
    await reader.blocks(2);
    [1, 2, 3].forEach(publish);
    const { epoch } = bus.position ?? {};
    const [, gap = ''] = await reader.blocks(2);
    expect(gap).toBe(`event: gap\nid: ${epoch}:3\ndata: {"missed":2,"byKind":{"test":2}}`);
    publish(4);
    const resumed = await open(bus, all, request({ lastEventId: `${epoch}:3` }));
    bus.close();
    expect(await resumed.payloads()).toEqual([4]);
    expect(await reader.payloads()).toEqual([4]);
  });

  it('has the id of a gap before an event that waits already', async () => {
    const bus = new SharingBus<number>({ history });
    const reader = await open(bus, { ...all, capacity: 2, overflow: 'drop-oldest' });
    [1, 2, 3, 4, 5].forEach((n) => {
      bus.publish(event(n));
    });
    const { epoch } = bus.position ?? {};
    const [, , gap, next] = await reader.blocks(4);
    expect(gap).toContain(`id: ${epoch}:3\ndata: {"missed":3`);
    expect(next).toContain(`id: ${epoch}:4\n`);
  });
});

describe('back-pressure', () => {
  it('reads nothing that is not read from it: a stalled client fills its own queue, and loses its own events', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 10 } });
    const stalled = await open(bus, { ...all, capacity: 4, name: 'stalled' });
    const quick = await open(bus, { ...all, capacity: 100, name: 'quick' });
    for (let n = 1; n <= 100; n += 1) {
      bus.publish(event(n));
    }
    expect(bus.stats().receivers.map(({ name, waiting, lagged }) => [name, waiting, lagged])).toEqual([
      ['stalled', 4, 96],
      ['quick', 100, 0],
    ]);
    bus.close();
    expect(await stalled.payloads()).toEqual([1, 2, 3, 4, { missed: 96, byKind: { test: 96 } }]);
    expect(await quick.payloads()).toHaveLength(100);
  });

  it('takes at most a chunk at a time', async () => {
    const bus = new SharingBus<string>({ history: { capacity: 10 } });
    const reader = await open(bus, { ...all, capacity: 10 });
    for (let n = 1; n <= 10; n += 1) {
      bus.publish(event('x'.repeat(8_000)));
    }
    expect(await reader.read()).toContain('retry');
    await reader.read();
    expect(bus.stats().receivers[0]?.waiting).toBe(7);
  });
});

describe('a heartbeat', () => {
  it('is sent when nothing was for so long, and tells how far the client has got', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>({ history });
    const reader = await open(bus, { filter: EventFilter.kind('a'), heartbeatMs: 100, scheduler });
    const { epoch } = bus.position ?? {};
    await reader.read();
    const first = reader.read();
    await turn();
    scheduler.pass(99);
    bus.publish(event(1, { kind: 'a' }));
    expect(await first).toContain(`id: ${epoch}:1\n`);
    const second = reader.read();
    await turn();
    scheduler.pass(99);
    bus.publish(event(2, { kind: 'b' }));
    scheduler.pass(1);
    expect(await second).toBe(`: heartbeat\n\nevent: position\nid: ${epoch}:2\ndata: {}\n\n`);
  });

  it('never tells of a place that the client has not got to', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>({ history, scheduler: new Clock() });
    const reader = await open(bus, { ...all, heartbeatMs: 100, scheduler });
    await reader.read();
    const beat = reader.read();
    await turn();
    // It is on its way: the bus's own scheduler has not run.
    bus.publish(event(1));
    scheduler.pass(100);
    expect(await beat).toBe(': heartbeat\n\n');
  });

  it('does not pile up behind a client that does not read', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>();
    const reader = await open(bus, { ...all, heartbeatMs: 100, scheduler });
    await reader.read();
    scheduler.pass(1_000);
    expect(scheduler.pending).toBe(0);
    const beat = reader.read();
    await turn();
    scheduler.pass(100);
    expect(await beat).toBe(': heartbeat\n\n');
  });
});

describe('a client that goes away', () => {
  it.each(['before the first byte', 'while it waits'])('frees its slot at once, %s', async (when) => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>({ history });
    for (const way of ['cancel', 'abort']) {
      const controller = new AbortController();
      const streams = new EventStreams(bus, { ...all, scheduler });
      const reader = new Reader(await streams.respond(request({}, { signal: controller.signal })));
      if (when === 'while it waits') {
        await reader.read();
        void reader.read();
        await turn();
      }
      expect([bus.subscriberCount, streams.size]).toEqual([1, 1]);
      if (way === 'abort') {
        controller.abort();
      } else {
        void reader.cancel();
      }
      expect([bus.subscriberCount, streams.size, scheduler.pending]).toEqual([0, 0, 0]);
    }
  });

  it.each(['is decided about', 'is served'])(
    'frees its slot also where its adapter holds no request, while it %s',
    async (when) => {
      const bus = new SharingBus<number>();
      const authorize = () => (when === 'is served' ? EventFilter.all : new Promise<false>(() => undefined));
      const streams = new EventStreams(bus, { authorize, scheduler: new Clock() });
      const controller = new AbortController();
      const answered = streams.respond(request({}, { signal: controller.signal }));
      // What is of no use to anybody goes first.
      expect(await survivors([new WeakRef({})])).toBe(0);
      expect(streams.size).toBe(1);
      controller.abort();
      await answered;
      expect([bus.subscriberCount, streams.size]).toEqual([0, 0]);
    },
  );
});

describe('a response that nobody reads', () => {
  /** Lets a collector tell of what it has collected. */
  async function collected(): Promise<void> {
    await collectGarbage();
    for (let turns = 0; turns < 5; turns += 1) {
      await turn();
    }
  }

  it('frees its slot when nobody has begun to read it within closeMs', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>({ history });
    const streams = new EventStreams(bus, { ...all, closeMs: 100, scheduler });
    const unread = await streams.respond(request());
    const single = toEventStream(bus, request(), { ...all, scheduler });
    scheduler.pass(99);
    expect([bus.subscriberCount, streams.size]).toEqual([2, 1]);
    scheduler.pass(1);
    expect([bus.subscriberCount, streams.size]).toEqual([1, 0]);
    scheduler.pass(4_899);
    expect(bus.subscriberCount).toBe(1);
    scheduler.pass(1);
    expect([bus.subscriberCount, streams.size, scheduler.pending]).toEqual([0, 0, 0]);
    // Whoever comes too late sees a broken connection, and reconnects.
    expect([await unread.text(), await single.text()]).toEqual(['', '']);
  });

  it('keeps its slot when it is read in time, however slowly', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, { ...all, closeMs: 100, scheduler });
    const reader = new Reader(await streams.respond(request()));
    scheduler.pass(99);
    await reader.read();
    expect(scheduler.pending).toBe(0);
    scheduler.pass(10_000);
    bus.publish(event(1));
    bus.close();
    expect(await reader.payloads()).toEqual([1]);
  });

  it.each(['before it was read', 'after it was read'])('frees its slot when it is collected, %s', async (when) => {
    const scheduler = new Clock();
    const { lines, logger } = recordingLogger();
    const bus = new SharingBus<number>({ history, logger });
    const streams = new EventStreams(bus, { ...all, scheduler });
    // In a function of its own, whose variables are gone then.
    async function drop(response: Response): Promise<void> {
      if (when === 'after it was read') {
        await new Reader(response).read();
      }
    }
    for (let n = 0; n < 5; n += 1) {
      await streams.respond(request()).then(drop);
      await drop(toEventStream(bus, request(), { ...all, scheduler }));
    }
    expect([bus.subscriberCount, streams.size]).toEqual([10, 5]);
    await collected();
    expect([bus.subscriberCount, streams.size, scheduler.pending]).toEqual([0, 0, 0]);
    expect(lines.filter((line) => line.includes('dropped'))).toEqual([]);
  });

  it('is not taken for one while a reader is held, or waits', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, { ...all, scheduler });
    const held = new Reader(await streams.respond(request()));
    await held.read();
    const waiting = await (async () => {
      const reader = new Reader(await streams.respond(request()));
      await reader.read();
      return { next: reader.read() };
    })();
    await collected();
    expect([bus.subscriberCount, streams.size]).toEqual([2, 2]);
    bus.publish(event(1));
    expect([await held.read(), await waiting.next]).toEqual([
      expect.stringContaining('"event":1'),
      expect.stringContaining('"event":1'),
    ]);
  });
});

describe('access that ends with a signal', () => {
  const REVOKED = 'event: end\ndata: {"reason":"revoked"}\n\n';

  it('is narrowed by its filter, and ends at once: what waits is not sent, and the client is told not to come back', async () => {
    const bus = new SharingBus<number>({ history });
    const login = new AbortController();
    const access = { filter: EventFilter.kind('a'), signal: login.signal };
    const streams = new EventStreams(bus, { authorize: () => Promise.resolve(access), scheduler: new Clock() });
    const reader = new Reader(await streams.respond(request()));
    await reader.read();
    bus.publish(event(1, { kind: 'b' }));
    bus.publish(event(2, { kind: 'a' }));
    expect(await reader.read()).toContain('"event":2');
    bus.publish(event(3, { kind: 'a' }));
    login.abort();
    expect(bus.subscriberCount).toBe(0);
    bus.publish(event(4, { kind: 'a' }));
    expect([await reader.rest(), streams.size]).toEqual([REVOKED, 0]);
  });

  it('ends a stream that waits for events, and one that has not begun', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>();
    const login = new AbortController();
    const authorize = () => ({ filter: EventFilter.all, signal: login.signal });
    const streams = new EventStreams(bus, { authorize, scheduler });
    const [waiting, unread] = [await streams.respond(request()), await streams.respond(request())].map(
      (response) => new Reader(response),
    );
    await waiting?.read();
    const next = waiting?.read();
    await turn();
    login.abort('logged out');
    expect([await next, await waiting?.rest(), await unread?.rest()]).toEqual([
      REVOKED,
      '',
      `retry: 2000\n\n${REVOKED}`,
    ]);
    expect([bus.subscriberCount, streams.size, scheduler.pending]).toEqual([0, 0, 0]);
  });

  it('ends with the bus or the server as well, and gives the listener at the signal back', async () => {
    const login = new AbortController();
    const given = jest.spyOn(login.signal, 'addEventListener');
    const back = jest.spyOn(login.signal, 'removeEventListener');
    const authorize = () => ({ filter: EventFilter.all, signal: login.signal });
    for (const how of ['the bus', 'the server']) {
      const bus = new SharingBus<number>();
      const streams = new EventStreams(bus, { authorize });
      const reader = new Reader(await streams.respond(request()));
      if (how === 'the bus') {
        bus.close();
      } else {
        void streams.close();
      }
      expect(await reader.rest()).toContain(how === 'the bus' ? 'event: end\ndata: {}\n\n' : ': the server closes');
    }
    await new EventStreams(new SharingBus(), { authorize }).respond(request({}, { signal: AbortSignal.abort() }));
    expect(given.mock.calls.length).toBe(3);
    expect(back.mock.calls.map(([, act]) => act)).toEqual(given.mock.calls.map(([, act]) => act));
  });

  it('that has ended before is no access', async () => {
    expect(await refused({ authorize: () => ({ filter: EventFilter.all, signal: AbortSignal.abort() }) })).toEqual([
      403,
      '{"error":"access denied"}',
    ]);
  });

  it('may have no signal, and nothing but a filter and a signal', async () => {
    const errors: unknown[] = [];
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const bus = new SharingBus<number>();
    const reader = await open<number>(bus, { authorize: () => ({ filter: EventFilter.kind('a') }) });
    bus.publish(event(1, { kind: 'b' }));
    bus.publish(event(2, { kind: 'a' }));
    bus.close();
    expect(await reader.payloads()).toEqual([2]);
    for (const access of [
      {},
      { filter: true },
      { filter: EventFilter.all, signal: 5 },
      { filter: EventFilter.all, until: 5 },
    ]) {
      expect((await refused({ authorize: () => access as never, onError }))[0]).toBe(500);
    }
    expect(errors).toEqual([
      expect.any(TypeError),
      expect.any(TypeError),
      expect.any(TypeError),
      expect.any(TypeError),
    ]);
  });

  it('of a client that does not read is cut off after closeMs', async () => {
    const scheduler = new Clock();
    const login = new AbortController();
    const authorize = () => ({ filter: EventFilter.all, signal: login.signal });
    const streams = new EventStreams(new SharingBus<number>(), { authorize, closeMs: 100, scheduler });
    const response = new FakeResponse();
    const handled = streams.handle({ headers: {} }, response);
    await turn();
    login.abort();
    await turn();
    scheduler.pass(99);
    expect(streams.size).toBe(1);
    scheduler.pass(1);
    await handled;
    expect([response.calls, response.chunks, streams.size]).toEqual([['writeHead', 'destroy'], ['retry: 2000\n\n'], 0]);
  });
});

describe('a response of node:http', () => {
  it('is waited for when it is full, and no more when it closes', async () => {
    const bus = new SharingBus<number>({ history });
    const streams = new EventStreams(bus, all);
    const response = new FakeResponse();
    const handled = streams.handle({ headers: {} }, response);
    await turn();
    bus.publish(event(1));
    await turn();
    expect(response.chunks).toHaveLength(1);
    response.emit('drain');
    await turn();
    expect(response.chunks).toHaveLength(2);
    response.emit('close');
    await handled;
    expect([bus.subscriberCount, streams.size]).toEqual([0, 0]);
  });

  it('that is destroyed already gets no slot', async () => {
    const bus = new SharingBus<number>({ history });
    await new EventStreams(bus, all).handle({ headers: {} }, new FakeResponse({ destroyed: true }));
    expect(bus.subscriberCount).toBe(0);
  });

  it('that never has its turn on a connection leaves with that, and leaves no listener on it', async () => {
    const bus = new SharingBus<number>({ history });
    const streams = new EventStreams(bus, all);
    const socket = Object.assign(new EventEmitter(), { destroyed: false });
    const handled = streams.handle({ headers: {}, socket }, new FakeResponse());
    await turn();
    expect(bus.subscriberCount).toBe(1);
    socket.emit('close');
    await handled;
    expect([bus.subscriberCount, streams.size, socket.listenerCount('close')]).toEqual([0, 0, 0]);
    socket.destroyed = true;
    await streams.handle({ headers: {}, socket }, new FakeResponse());
    expect(bus.subscriberCount).toBe(0);
  });

  it('is destroyed when its reader is cut off', async () => {
    const scheduler = new Clock();
    const streams = new EventStreams(new SharingBus<number>(), { ...all, closeMs: 100, scheduler });
    const response = new FakeResponse();
    const handled = streams.handle({ headers: {} }, response);
    await turn();
    const closed = streams.close();
    scheduler.pass(100);
    await closed;
    await handled;
    expect(response.calls).toEqual(['writeHead', 'destroy']);
  });

  it('that was answered by somebody else meanwhile is left alone, and nothing is thrown', async () => {
    const errors: unknown[] = [];
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, { ...all, onError: (error) => errors.push(error) });
    const sent = new FakeResponse({ headersSent: true });
    await streams.handle({ headers: {} }, sent);
    expect([sent.calls, errors, streams.size]).toEqual([[], [new Error('headers were sent')], 0]);
    const ended = new FakeResponse({ writableEnded: true });
    await streams.handle({ headers: {} }, ended);
    expect([ended.calls, ended.chunks, streams.size]).toEqual([['writeHead'], [], 0]);
  });

  it('that throws is destroyed, and holds no slot', async () => {
    const errors: unknown[] = [];
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, { ...all, onError: (error) => errors.push(error) });
    const response = new FakeResponse({ throws: true });
    await streams.handle({ headers: {} }, response);
    expect([response.calls, errors, bus.subscriberCount]).toEqual([['writeHead', 'destroy'], [new Error('broken')], 0]);
  });

  it.each([
    ['/a/b?c=1', 'http://h.test/a/b?c=1'],
    ['//evil.test/a', 'http://h.test//evil.test/a'],
    ['/\\evil.test/a', 'http://h.test//evil.test/a'],
  ])('is decided about by the path and the host that it came with: %s', async (url, seen) => {
    const urls: string[] = [];
    const authorize = (asked: Request): false => {
      urls.push(asked.url);
      return false;
    };
    const headers = { host: 'h.test' };
    await new EventStreams(new SharingBus(), { authorize }).handle({ url, headers }, new FakeResponse());
    expect(urls).toEqual([seen]);
  });

  it('gets each cookie of a response of the application’s', async () => {
    const headers = [
      ['set-cookie', 'a=1'],
      ['set-cookie', 'b=2'],
    ] as [string, string][];
    const authorize = (): Response => new Response('log in', { status: 401, headers });
    const response = new FakeResponse();
    await new EventStreams(new SharingBus<number>(), { authorize }).handle({ headers: {} }, response);
    expect(response.headers).toMatchObject({ 'set-cookie': ['a=1', 'b=2'] });
  });
});

describe('the end', () => {
  it('of the bus is told, after what waits', async () => {
    const bus = new SharingBus<number>({ history });
    const reader = await open(bus);
    bus.publish(event(1));
    bus.close();
    const text = await reader.rest();
    expect(text.endsWith('"event":1,"seq":1}\n\nevent: end\ndata: {}\n\n')).toBe(true);
  });

  it('of the server is not, since clients are to come back; what waits is sent', async () => {
    const bus = new SharingBus<number>({ history });
    const streams = new EventStreams(bus, all);
    const reader = new Reader(await streams.respond(request()));
    bus.publish(event(1));
    const closed = streams.close();
    bus.publish(event(2));
    const text = await reader.rest();
    expect(text.endsWith('"event":1,"seq":1}\n\n: the server closes\n\n')).toBe(true);
    await closed;
    expect([streams.size, bus.subscriberCount]).toEqual([0, 0]);
    expect(await answered(await streams.respond(request()))).toEqual([200, CLOSING]);
  });

  it('of the server cuts off who does not read', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, { ...all, closeMs: 100, scheduler });
    const reader = new Reader(await streams.respond(request()));
    bus.publish(event(1));
    const closed = streams.close();
    scheduler.pass(100);
    await closed;
    expect([streams.size, bus.subscriberCount, scheduler.pending]).toEqual([0, 0, 0]);
    expect(await reader.rest()).toBe('');
  });

  it.each(['stallAfterMs', 'evict'])('by %s frees the place of one who does not read on', async (how) => {
    const scheduler = new Clock();
    const errors: unknown[] = [];
    const bus = new SharingBus<number>({ scheduler });
    const streams = new EventStreams(bus, {
      ...all,
      ...(how === 'evict' ? { overflow: 'evict', capacity: 1 } : { stallAfterMs: 50 }),
      closeMs: 100,
      scheduler,
      onError: (error) => errors.push(error),
    });
    const reader = new Reader(await streams.respond(request()));
    await reader.read();
    [1, 2, 3].forEach((n) => {
      bus.publish(event(n));
    });
    scheduler.pass(51);
    expect([bus.subscriberCount, streams.size]).toEqual([0, 1]);
    scheduler.pass(100);
    expect([streams.size, scheduler.pending, errors]).toEqual([0, 0, [expect.any(SlowConsumerError)]]);
  });

  it('of the bus cuts off who does not read, and not who reads slowly', async () => {
    const scheduler = new Clock();
    const bus = new SharingBus<string>();
    const streams = new EventStreams(bus, { ...all, closeMs: 100, scheduler });
    const [slow] = [await streams.respond(request()), await streams.respond(request())].map((one) => new Reader(one));
    'abc'.split('').forEach((letter) => {
      bus.publish(event(letter.repeat(20_000)));
    });
    bus.close();
    for (const beginning of ['retry', 'data: {', 'data: {', 'data: {']) {
      expect(await slow?.read()).toMatch(new RegExp(`^${beginning}`));
      scheduler.pass(80);
    }
    // One is left, and has read all but the end.
    expect(streams.size).toBe(1);
    expect([await slow?.rest(), streams.size]).toEqual(['event: end\ndata: {}\n\n', 0]);
  });

  it('does not tell of a gap that a resume will fill', async () => {
    const bus = new SharingBus<number>({ history });
    const streams = new EventStreams(bus, { ...all, capacity: 1 });
    const reader = new Reader(await streams.respond(request()));
    [1, 2, 3].forEach((n) => {
      bus.publish(event(n));
    });
    void streams.close();
    expect(await reader.rest()).not.toContain('gap');
  });

  it('by a predicate that throws is told to onError, and ends the stream only', async () => {
    const errors: unknown[] = [];
    const bus = new SharingBus<number>();
    const where = EventFilter.where<number>(() => {
      throw 'broken';
    });
    const onError = (error: unknown): void => {
      errors.push(error);
    };
    const reader = await open(bus, { filter: where, onError });
    bus.publish(event(1));
    expect(await reader.rest()).toBe('retry: 2000\n\n: the stream broke off\n\n');
    expect(errors).toEqual(['broken']);
  });
});

/** A response whose socket takes nothing, until it says so. */
class FakeResponse extends EventEmitter {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  readonly #throws: boolean;
  readonly chunks: string[] = [];
  readonly calls: string[] = [];
  headers: unknown;
  /** The text that it was ended with. */
  ended: string | undefined;

  constructor({ destroyed = false, headersSent = false, writableEnded = false, throws = false } = {}) {
    super();
    this.destroyed = destroyed;
    this.headersSent = headersSent;
    this.writableEnded = writableEnded;
    this.#throws = throws;
  }

  writeHead(_status: number, headers: unknown): void {
    if (this.headersSent) {
      throw new Error('headers were sent');
    }
    this.headers = headers;
    this.calls.push('writeHead');
  }

  write(chunk: string): boolean {
    if (this.#throws) {
      throw new Error('broken');
    }
    this.chunks.push(chunk);
    return false;
  }

  end(text?: string): void {
    this.ended = text;
    this.calls.push('end');
  }

  destroy(): void {
    this.calls.push('destroy');
  }
}

/** Lets what was promised happen. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
