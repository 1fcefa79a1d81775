import { describe, expect, it, jest } from '@jest/globals';
import { EventFilter } from '../../lib/index.js';
import {
  EventStreamError,
  type EventStreamRequest,
  type EventStreamStatus,
  fromEventStream,
  type FromEventStreamOptions,
} from '../../lib/sse/index.js';
import { ValidationError } from '../../lib/schema/index.js';
import { Clock } from '../support/Clock.js';
import { parse, told, Watch } from './support.js';

/** One request, and the answer to it, written as a spec likes. */
class Exchange {
  readonly #encoder = new TextEncoder();
  #body!: ReadableStreamDefaultController<Uint8Array>;
  #answer!: (response: Response) => void;
  #fail!: (error: unknown) => void;
  readonly answered = new Promise<Response>((resolve, reject) => {
    this.#answer = resolve;
    this.#fail = reject;
  });

  constructor(
    readonly url: string,
    readonly request: EventStreamRequest,
  ) {
    request.signal.addEventListener('abort', () => {
      this.#fail(request.signal.reason);
    });
  }

  get lastEventId(): string | null {
    return new URL(this.url).searchParams.get('lastEventId');
  }

  open(text = '', headers: Record<string, string> = { 'content-type': 'text/event-stream; charset=utf-8' }): void {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#body = controller;
      },
    });
    this.#answer(new Response(body, { headers }));
    this.send(text);
  }

  send(text: string): void {
    this.sendBytes(this.#encoder.encode(text));
  }

  sendBytes(bytes: Uint8Array): void {
    this.#body.enqueue(bytes);
  }

  end(): void {
    this.#body.close();
  }

  breakOff(): void {
    this.#body.error(new Error('broken off'));
  }

  refuse(status: number, text: string | null = null, headers: Record<string, string> = {}): void {
    this.#answer(new Response(text, { status, headers }));
  }

  fail(error: unknown): void {
    this.#fail(error);
  }
}

/** A client whose network and time are the spec's. */
class Client {
  readonly clock = new Clock();
  readonly exchanges: Exchange[] = [];
  readonly statuses: EventStreamStatus[] = [];
  readonly invalid: [string, string][] = [];
  readonly watch;

  constructor(
    { parse: given = parse, ...options }: FromEventStreamOptions<unknown> = {},
    address = 'http://a.test/events?x=1#part',
  ) {
    const stream$ = fromEventStream<unknown>(address, {
      fetch: (url, request) => {
        const exchange = new Exchange(url, request);
        this.exchanges.push(exchange);
        return exchange.answered;
      },
      parse: given,
      scheduler: this.clock,
      onStatus: (status) => {
        this.statuses.push(status);
      },
      onInvalid: (error, text) => {
        this.invalid.push([error.message, text]);
      },
      ...options,
    });
    this.watch = new Watch(stream$);
  }

  get states(): string[] {
    return this.statuses.map(({ state }) => state);
  }

  /** The newest exchange, when what was promised has happened. */
  async next(): Promise<Exchange> {
    await turn();
    return this.exchanges.at(-1) as Exchange;
  }

  get told(): unknown[] {
    return this.watch.values.map(told);
  }
}

const of = (payload: unknown, id?: string): string =>
  `${id === undefined ? '' : `id: ${id}\n`}data: ${JSON.stringify({ routing: { kind: 'k' }, origin: 'o', event: payload })}\n\n`;

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

describe('fromEventStream', () => {
  it('asks by one GET, with its filter and place in the query, and headers of the application', async () => {
    const client = new Client({
      filter: EventFilter.kind('ä&b'),
      from: { epoch: 'e', seq: 7 },
      headers: () => Promise.resolve(new Headers({ authorization: 'Bearer 1' })),
    });
    const { url, request } = await client.next();
    expect(url).toBe(
      `http://a.test/events?x=1&filter=${encodeURIComponent('{"type":"kind","kinds":["ä&b"]}')}&from=e%3A7`,
    );
    expect(request).toMatchObject({
      method: 'GET',
      cache: 'no-store',
      headers: { Accept: 'text/event-stream', authorization: 'Bearer 1' },
    });
  });

  it('is cold, and asks for each subscription', () => {
    const client = new Client();
    expect(client.states).toEqual(['connecting']);
  });

  it('refuses at the call what cannot travel, or is out of range', () => {
    const where = EventFilter.where<unknown>(() => true);
    expect(() => fromEventStream('/', { filter: where, parse })).toThrow(ValidationError);
    expect(() => fromEventStream('/', { from: { epoch: 'a b', seq: 1 } })).toThrow(TypeError);
    expect(() => fromEventStream('/', { silenceMs: 0 })).toThrow(RangeError);
    expect(() => fromEventStream('/', { retry: { maxMs: -1 } })).toThrow(RangeError);
  });

  it.each([
    [{ fetch: 'fetch' }, 'fromEventStream: fetch must be a function, got "fetch"'],
    [{ headers: 'a: b' }, 'fromEventStream: headers must be an object, got "a: b"'],
    [{ headers: null }, 'fromEventStream: headers must be an object, got null'],
    [{ signal: 'now' }, 'fromEventStream: signal.addEventListener must be a function, got undefined'],
    [{ scheduler: null }, 'fromEventStream: scheduler.schedule must be a function, got undefined'],
    [{ onStatus: 1 }, 'fromEventStream: onStatus must be a function, got 1'],
    [{ onInvalid: true }, 'fromEventStream: onInvalid must be a function, got true'],
    [{ onPosition: {} }, 'fromEventStream: onPosition must be a function, got {}'],
  ])('does not take for a broken connection what can never work: %j', (options, message) => {
    expect(() => fromEventStream('/', options as never)).toThrow(new TypeError(message));
  });

  it.each([
    [
      'a password',
      'http://me:secret@a.test/',
      'fetch takes no user name and no password in a URL, got some for a.test',
    ],
    [
      'a user name',
      new URL('http://secret@a.test/'),
      'fetch takes no user name and no password in a URL, got some for a.test',
    ],
    ['another scheme', 'ws://a.test/', 'expected http: or https:, got "ws:"'],
    ['a file', 'file:///a', 'expected http: or https:, got "file:"'],
    ['no host', 'http://', 'expected a URL, got "http://"'],
  ])('refuses at the call what its fetch never takes: a URL with %s', (_what, url, message) => {
    const read = (): unknown => fromEventStream(url);
    expect(read).toThrow(TypeError);
    expect(read).toThrow(`fromEventStream: url: ${message}`);
    expect(read).not.toThrow('secret');
    // A fetch of the application may take it.
    expect(() => fromEventStream(url, { fetch: () => new Promise(() => undefined) })).not.toThrow();
  });

  it.each([
    [{ 'a b': '1' }, 'fromEventStream: headers: "a b" is not a name of a header'],
    [[['a', 'secret\n2']] as const, 'fromEventStream: headers: the value of "a" cannot be sent'],
    [{ authorization: 'secret п' }, 'fromEventStream: headers: the value of "authorization" cannot be sent'],
  ])('refuses at the call headers that cannot be sent: %#', (headers, message) => {
    expect(() => fromEventStream('/', { headers })).toThrow(new TypeError(message));
  });

  it('sends headers at each attempt that are given as an iterator', async () => {
    const client = new Client({ headers: new Map([['a', '1']]).entries() });
    (await client.next()).fail(new Error('no network'));
    await turn();
    client.clock.pass(1000);
    expect((await client.next()).request.headers).toEqual({ Accept: 'text/event-stream', a: '1' });
    expect(client.exchanges).toHaveLength(2);
  });

  it.each<[string, FromEventStreamOptions, string]>([
    [
      'a relative URL without a page',
      {},
      'url: expected an absolute URL, since there is no page that "/a" is relative to',
    ],
    ['headers that cannot be made', { headers: () => Promise.reject(new Error('no token')) }, 'no token'],
    ['headers that cannot be sent', { headers: () => ({ 'a b': '1' }) }, '"a b" is not a name of a header'],
  ])('ends at the first attempt, and does not try again: %s', async (_what, options, message) => {
    const states: string[] = [];
    const watch = new Watch(fromEventStream('/a', { ...options, onStatus: ({ state }) => states.push(state) }));
    await watch.ended();
    expect(watch.ending).toBeInstanceOf(EventStreamError);
    expect(String(watch.ending)).toContain(message);
    expect(states).toEqual(['connecting', 'closed']);
  });

  it('tries again where a new token cannot be had, later', async () => {
    let calls = 0;
    const client = new Client({
      headers: () => {
        calls += 1;
        return calls === 2 ? Promise.reject(new TypeError('fetch failed')) : Promise.resolve({ token: `${calls}` });
      },
    });
    const first = await client.next();
    first.open(of('a', 'e:1'));
    await turn();
    first.end();
    await turn();
    client.clock.pass(1000);
    await turn();
    expect([client.states.at(-1), client.exchanges.length]).toEqual(['waiting', 1]);
    client.clock.pass(2000);
    expect((await client.next()).request.headers).toMatchObject({ token: '3' });
  });

  it('refuses at the call a URL that is too long as it travels, and shows its length and the limit', () => {
    const kinds = Array.from({ length: 200 }, (_, index) => `вид-события-${index}`);
    const filter = EventFilter.kind(...kinds);
    const bytes = Buffer.byteLength(JSON.stringify(filter));
    const path = `/events?filter=${encodeURIComponent(JSON.stringify(filter))}`;
    expect([bytes < 8_000, path.length > 8_000]).toEqual([true, true]);
    const read = (options: FromEventStreamOptions = {}): unknown =>
      fromEventStream('http://a.test/events', { filter, ...options });
    // With the id of a resume, of which the longest counts.
    const length = path.length + `&lastEventId=${'x'.repeat(64)}%3A${Number.MAX_SAFE_INTEGER}`.length;
    expect(read).toThrow(RangeError);
    expect(read).toThrow(`fromEventStream: url: expected at most 8000 characters (maxUrlLength), got ${length}`);
    expect(() => read({ maxUrlLength: length - 1 })).toThrow(RangeError);
    expect(() => read({ maxUrlLength: length })).not.toThrow();
  });

  it('measures a URL percent-encoded, and a relative one, too', () => {
    expect(() => fromEventStream('/', { maxUrlLength: 98 })).not.toThrow();
    expect(() => fromEventStream('/?ü', { maxUrlLength: 98 })).toThrow('got 104, percent-encoded');
    expect(() => fromEventStream('http://', { fetch: () => new Promise(() => undefined), maxUrlLength: 50 })).toThrow(
      RangeError,
    );
  });

  it('refuses at the call what is no URL, and shows it', () => {
    expect(() => fromEventStream({} as never)).toThrow(/^fromEventStream: url: expected a string or a URL, got \{\}$/);
    expect(() => fromEventStream(null as never)).toThrow(/got null$/);
    expect(() => fromEventStream(new URL('http://localhost/events'))).not.toThrow();
  });

  it('delivers events with their number, and gaps, whatever pieces they come in', async () => {
    const client = new Client();
    const exchange = await client.next();
    exchange.open();
    const text = `${of('ä\n😀', 'e:3')}event: gap\nid: e:5\ndata: {"missed":null,"byKind":{"*":null},"atMost":true}\n\n${of(1, 'e:6')}`;
    for (const byte of new TextEncoder().encode(text)) {
      exchange.sendBytes(new Uint8Array([byte]));
    }
    await turn();
    expect(client.watch.values).toEqual([
      { type: 'event', event: { routing: { kind: 'k' }, origin: 'o', event: 'ä\n😀', seq: 3 } },
      { type: 'gap', missed: Infinity, byKind: { '*': Infinity }, atMost: true },
      { type: 'event', event: { routing: { kind: 'k' }, origin: 'o', event: 1, seq: 6 } },
    ]);
  });

  it('completes when the server says that it is the end, by an event or by 204', async () => {
    const client = new Client();
    (await client.next()).open(`${of(1)}event: end\ndata: {}\n\n${of(2)}`);
    await client.watch.ended();
    expect([client.told, client.watch.ending, client.states.at(-1)]).toEqual([[1], 'complete', 'closed']);
    const other = new Client();
    (await other.next()).refuse(204);
    await other.watch.ended();
    expect(other.watch.ending).toBe('complete');
  });

  it('resumes behind the last id that it got, after a wait', async () => {
    const client = new Client({ retry: { initialMs: 1000 } });
    const first = await client.next();
    first.open(`event: position\nid: e:1\ndata: {}\n\n`);
    await turn();
    first.send(of('a', 'e:4'));
    first.send('id: e:5\ndata: {"rou');
    await turn();
    first.end();
    await turn();
    const { retryInMs = 0, cause } = client.statuses.at(-1) ?? {};
    expect(client.states).toEqual(['connecting', 'open', 'waiting']);
    expect(retryInMs).toBeGreaterThanOrEqual(500);
    expect(retryInMs).toBeLessThanOrEqual(1000);
    expect(cause).toBeInstanceOf(EventStreamError);
    client.clock.pass(retryInMs - 1);
    expect(client.exchanges).toHaveLength(1);
    client.clock.pass(1);
    const second = await client.next();
    expect([second.lastEventId, first.lastEventId]).toEqual(['e:4', null]);
    second.open(of('b', 'e:5'));
    await turn();
    expect(client.told).toEqual(['a', 'b']);
  });

  it('resumes by its URL alone: a header would make a request to another origin one that has to be asked for', async () => {
    const client = new Client({ filter: EventFilter.kind('k'), from: 'start' });
    const first = await client.next();
    first.open(of('a', 'e:4'));
    await turn();
    first.end();
    await turn();
    client.clock.pass(1000);
    const second = await client.next();
    expect(second.request.headers).toEqual({ Accept: 'text/event-stream' });
    expect(second.url).toBe(`${first.url}&lastEventId=e%3A4`);
  });

  it('resumes behind its own last id, whatever the application began with, in whatever spelling', async () => {
    const client = new Client(
      { headers: { 'last-event-id': 'e:1' } },
      'http://a.test/?lastEventId=e:0&lastEventIds=1&x',
    );
    const exchange = await client.next();
    expect(exchange.lastEventId).toBe('e:0');
    expect(new Headers(exchange.request.headers).get('last-event-id')).toBe('e:1');
    exchange.open(of('a', 'e:2'));
    await turn();
    exchange.end();
    await turn();
    client.clock.pass(1000);
    const { url, request } = await client.next();
    expect([url, request.headers]).toEqual([
      'http://a.test/?lastEventIds=1&x&lastEventId=e%3A2',
      { Accept: 'text/event-stream' },
    ]);
  });

  it('resumes behind a position alone, where no event has come', async () => {
    const client = new Client();
    const first = await client.next();
    first.open(`event: position\nid: e:9\ndata: {}\n\n`);
    await turn();
    first.end();
    await turn();
    client.clock.pass(1000);
    expect((await client.next()).lastEventId).toBe('e:9');
    expect(client.told).toEqual([]);
  });

  it('tells of a break that it cannot resume from as a gap of an unknown number', async () => {
    const client = new Client();
    const first = await client.next();
    first.open(of('a'));
    await turn();
    first.end();
    await turn();
    client.clock.pass(1000);
    (await client.next()).open(of('b'));
    await turn();
    expect(client.told).toEqual(['a', 'Infinity missing', 'b']);
  });

  it('drops what it has delivered before, of the same epoch', async () => {
    const client = new Client();
    (await client.next()).open(of('a', 'e:4') + of('again', 'e:4') + of('older', 'e:3') + of('new life', 'f:1'));
    await turn();
    expect(client.told).toEqual(['a', 'new life']);
  });

  it('reports a bad event, tells a gap of one, and goes on behind it', async () => {
    const client = new Client({
      parse: (value) => {
        if ((value as { bad?: boolean }).bad === true) {
          throw new Error('bad');
        }
        return parse(value);
      },
    });
    const exchange = await client.next();
    exchange.open(`id: e:1\ndata: {"bad":true}\n\nid: e:2\ndata: {\n\nevent: gap\nid: e:3\ndata: {"missed":-1}\n\n`);
    exchange.send(of('fine', 'e:4'));
    await turn();
    expect(client.told).toEqual(['1 missing', '1 missing', '1 missing', 'fine']);
    expect(client.watch.values[0]).toEqual({ type: 'gap', missed: 1, byKind: { '*': 1 } });
    expect(client.invalid.map(([, text]) => text)).toEqual(['{"bad":true}', '{', '{"missed":-1}']);
    exchange.send('id: e:5\ndata: {"bad":true}\n\n');
    await turn();
    exchange.end();
    await turn();
    client.clock.pass(1000);
    expect((await client.next()).lastEventId).toBe('e:5');
  });

  it('checks events by the schema, unless it is told otherwise', async () => {
    const errors: unknown[] = [];
    const headers = { 'content-type': 'text/event-stream' };
    const watch = new Watch(
      fromEventStream('/', {
        fetch: () => Promise.resolve(new Response(`${of('no event')}event: end\ndata: {}\n\n`, { headers })),
        onInvalid: (error) => errors.push(error),
      }),
    );
    await watch.ended();
    expect(watch.values).toEqual([{ type: 'gap', missed: 1, byKind: { '*': 1 } }]);
    expect(errors).toEqual([expect.any(ValidationError)]);
  });

  it('keeps nothing of an event that is too long, and does not ask for it again', async () => {
    const client = new Client({ maxEventLength: 200 });
    const exchange = await client.next();
    exchange.open();
    exchange.send(`id: e:1\ndata: {"event":"${'x'.repeat(150)}`);
    await turn();
    exchange.send('x'.repeat(150));
    await turn();
    expect(client.told).toEqual(['1 missing']);
    // What is left of the line is no line, whatever it looks like.
    exchange.send(`${of('smuggled')}${of('fine', 'e:2')}`);
    exchange.send(of('y'.repeat(300), 'e:3'));
    await turn();
    expect(client.told).toEqual(['1 missing', 'fine', '1 missing']);
    expect(client.invalid.map(([message]) => message)).toEqual([
      'not a bus event: (root): it is longer than maxEventLength',
      'not a bus event: (root): it is longer than maxEventLength',
    ]);
  });

  it('keeps no more than it may of an event that never ends, however short its lines are', async () => {
    const client = new Client({ maxEventLength: 200 });
    const exchange = await client.next();
    exchange.open(`id: e:1\n${'data: x\n'.repeat(40)}`);
    await turn();
    expect(client.told).toEqual(['1 missing']);
    exchange.send(`${'data: x\n'.repeat(400)}id: e:9\n\n${of('fine', 'e:2')}`);
    await turn();
    expect(client.told).toEqual(['1 missing', 'fine']);
  });

  it('does not count comments to an event', async () => {
    const client = new Client({ maxEventLength: 200 });
    (await client.next()).open(`${': no empty line\n'.repeat(100)}${of('fine')}`);
    await turn();
    expect(client.told).toEqual(['fine']);
  });

  it.each(['\r', '\r\n'])('reads lines that end with %j, in whatever pieces', async (ending) => {
    const client = new Client({ maxEventLength: 200 });
    const exchange = await client.next();
    exchange.open();
    const text = (of('a', 'e:1') + of('b', 'e:2') + of('c', 'e:3') + of('d', 'e:4')).replaceAll('\n', ending);
    for (const piece of text) {
      exchange.send(piece);
    }
    exchange.send(of('e', 'e:5'));
    await turn();
    await turn();
    expect(client.told).toEqual(['a', 'b', 'c', 'd', 'e']);
  });

  it('tells of how far it has got, after what it got', async () => {
    const order: unknown[] = [];
    const client = new Client({
      onPosition: (position) => order.push(position, client.watch.values.length),
    });
    (await client.next()).open(`event: position\nid: e:1\ndata: {}\n\n${of('a', 'e:2')}`);
    await turn();
    expect(order).toEqual([{ epoch: 'e', seq: 1 }, 0, { epoch: 'e', seq: 2 }, 1]);
  });

  it('waits twice as long each time, up to the most, and from the beginning when something has come', async () => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0);
    const client = new Client({ retry: { initialMs: 100, maxMs: 500 } });
    const waits: unknown[] = [];
    for (const fails of [1, 2, 3, 4]) {
      const exchange = await client.next();
      expect(exchange).toBe(client.exchanges[fails - 1]);
      exchange.fail(new TypeError('no network'));
      await turn();
      waits.push(client.statuses.at(-1)?.retryInMs);
      client.clock.pass(500);
    }
    const exchange = await client.next();
    exchange.open(`retry: 50\n\n${of('a', 'e:1')}`);
    await turn();
    exchange.end();
    await turn();
    waits.push(client.statuses.at(-1)?.retryInMs);
    random.mockRestore();
    expect(waits).toEqual([100, 200, 400, 500, 50]);
  });

  it.each([400, 401, 403, 404, 410, 414])('ends with the answer %i', async (status) => {
    const client = new Client();
    (await client.next()).refuse(status, 'why '.repeat(1000));
    await client.watch.ended();
    const error = client.watch.ending as EventStreamError;
    expect(error).toBeInstanceOf(EventStreamError);
    expect([error.status, error.body.length, client.states.at(-1)]).toEqual([status, 500, 'closed']);
  });

  it.each([
    ['nothing', () => ''],
    ['a heartbeat', () => ': heartbeat\n\n'],
    ['that it broke off', () => ': the stream broke off\n\n'],
    ['a time to come back', () => 'retry: 1000\n\n'],
    ['a position', () => 'event: position\nid: e:9\ndata: {}\n\n'],
    ['what was delivered before', () => of('a', 'e:1')],
    ['a gap alone', (n: number) => `event: gap\nid: e:${n}\ndata: {"missed":1,"byKind":{}}\n\n`],
    ['a gap without an id', () => 'event: gap\ndata: {"missed":1,"byKind":{}}\n\n'],
    ['what a later version may send', () => 'event: news\nid: e:7\ndata: {}\n\n'],
  ])('stays away longer each time, and gives up, where a connection brings no more than %s', async (_what, textOf) => {
    const random = jest.spyOn(Math, 'random').mockReturnValue(0);
    const client = new Client({ retry: { initialMs: 1000, maxAttempts: 5 } });
    const waits: unknown[] = [];
    for (let n = 1; client.watch.ending === undefined && n < 10; n += 1) {
      const exchange = await client.next();
      exchange.open(n === 1 ? of('a', 'e:1') : textOf(n));
      await turn();
      exchange.end();
      await turn();
      waits.push(client.statuses.at(-1)?.retryInMs);
      client.clock.pass(10_000);
    }
    random.mockRestore();
    // The first has brought an event: it is the first of five.
    expect(waits).toEqual([1000, 2000, 4000, 8000, undefined]);
    expect([client.watch.ending, client.told.filter((one) => one === 'a')]).toEqual([
      expect.any(EventStreamError),
      ['a'],
    ]);
  });

  it('keeps its short wait, and does not give up, where a quiet stream is cut again and again', async () => {
    const client = new Client({ retry: { initialMs: 1000, maxAttempts: 2 } });
    for (let n = 1; n <= 20; n += 1) {
      const exchange = await client.next();
      exchange.open();
      await turn();
      client.clock.pass(10_000);
      exchange.breakOff();
      await turn();
      expect(client.statuses.at(-1)).toMatchObject({ state: 'waiting', attempt: 1 });
      expect(client.statuses.at(-1)?.retryInMs).toBeLessThanOrEqual(1000);
      client.clock.pass(1000);
    }
  });

  it('counts an answer of a busy server as a failed attempt, comes back no earlier than it says, and shows why', async () => {
    const client = new Client({ retry: { initialMs: 10, maxMs: 50, maxAttempts: 3 } });
    for (let n = 1; n <= 3; n += 1) {
      const exchange = await client.next();
      expect(client.exchanges).toHaveLength(n);
      exchange.open('retry: 4000\n\n: busy, try again\n\n');
      exchange.end();
      await turn();
      const { retryInMs, attempt, cause } = client.statuses.at(-1) ?? {};
      expect([attempt, String(cause)]).toEqual([n, expect.stringMatching(/: .*; the server said "busy, try again"$/)]);
      if (n < 3) {
        expect(retryInMs).toBeGreaterThanOrEqual(4000);
        client.clock.pass(4050);
      }
    }
    expect([client.watch.ending, client.told]).toEqual([client.statuses.at(-1)?.cause, []]);
  });

  it('waits no longer than it does anyway where an answer was cut, and not ended', async () => {
    const client = new Client({ retry: { initialMs: 10, maxMs: 50 } });
    const exchange = await client.next();
    exchange.open('retry: 4000\n\n');
    await turn();
    exchange.breakOff();
    await turn();
    expect(client.statuses.at(-1)?.retryInMs).toBeLessThanOrEqual(50);
  });

  it('tells of one break by one gap, however often a busy server answers meanwhile', async () => {
    const client = new Client();
    for (const text of [of('a'), ': busy, try again\n\n', ': busy, try again\n\n', of('b')]) {
      const exchange = await client.next();
      exchange.open(text);
      exchange.end();
      await turn();
      client.clock.pass(4_000);
    }
    expect(client.told).toEqual(['a', 'Infinity missing', 'b']);
  });

  it.each([408, 425, 429, 500, 502, 503])('comes back after the answer %i, when the server says so', async (status) => {
    const client = new Client();
    (await client.next()).refuse(status, 'later', { 'retry-after': '7' });
    await turn();
    const { state, retryInMs } = client.statuses.at(-1) ?? {};
    expect(state).toBe('waiting');
    expect(retryInMs).toBeGreaterThanOrEqual(7000);
    expect(retryInMs).toBeLessThanOrEqual(10_500);
  });

  it('spreads clients that were told one time to come back: none is early, and they are not all at once', async () => {
    const clients = Array.from({ length: 200 }, () => new Client());
    const waits = clients.map(async (client) => {
      (await client.next()).refuse(503, 'later', { 'retry-after': '60' });
      await turn();
      return client.statuses.at(-1)?.retryInMs ?? NaN;
    });
    const all = await Promise.all(waits);
    clients.forEach(({ watch }) => {
      watch.stop();
    });
    expect(Math.min(...all)).toBeGreaterThanOrEqual(60_000);
    expect(Math.max(...all)).toBeLessThanOrEqual(90_000);
    expect(new Set(all).size).toBeGreaterThan(150);
  });

  it.each([
    [undefined, 3_600_000, 30_000],
    [10_000, 10_000, 5_000],
  ])(
    'does not wait for a week where it is told to: with a maxRetryAfterMs of %j',
    async (maxRetryAfterMs, most, spread) => {
      const client = new Client({ retry: { maxRetryAfterMs } });
      (await client.next()).refuse(503, 'later', { 'retry-after': '604800' });
      await turn();
      const { retryInMs } = client.statuses.at(-1) ?? {};
      expect(retryInMs).toBeGreaterThanOrEqual(most);
      expect(retryInMs).toBeLessThanOrEqual(most + spread);
    },
  );

  it.each([
    ['right', 0],
    ['an hour ahead', 3_600_000],
    ['an hour behind', -3_600_000],
  ])("measures a Retry-After that is a date by the server's clock: the client's is %s", async (_, ahead) => {
    const client = new Client();
    const now = client.clock.now() - ahead;
    const headers = { date: new Date(now).toUTCString(), 'retry-after': new Date(now + 9000).toUTCString() };
    (await client.next()).refuse(503, 'later', headers);
    await turn();
    const { retryInMs } = client.statuses.at(-1) ?? {};
    expect(retryInMs).toBeGreaterThanOrEqual(9000);
    expect(retryInMs).toBeLessThanOrEqual(13_500);
  });

  it('measures a Retry-After that is a date by its own clock where the answer has no date', async () => {
    const client = new Client();
    (await client.next()).refuse(503, 'later', { 'retry-after': new Date(client.clock.now() + 9000).toUTCString() });
    await turn();
    const { retryInMs } = client.statuses.at(-1) ?? {};
    expect(retryInMs).toBeGreaterThanOrEqual(9000);
    expect(retryInMs).toBeLessThanOrEqual(13_500);
  });

  it('ends with an answer that is no event stream', async () => {
    const client = new Client();
    (await client.next()).open('<html>', { 'content-type': 'text/html' });
    await client.watch.ended();
    expect(client.watch.ending).toBeInstanceOf(EventStreamError);
  });

  it('gives a connection up that is silent for too long, and not one that has heartbeats', async () => {
    const client = new Client({ silenceMs: 100, retry: { initialMs: 1000 } });
    const exchange = await client.next();
    exchange.open();
    await turn();
    for (let beat = 0; beat < 5; beat += 1) {
      client.clock.pass(99);
      exchange.send(': heartbeat\n\n');
      await turn();
    }
    expect(client.states).toEqual(['connecting', 'open']);
    client.clock.pass(100);
    expect(client.states).toEqual(['connecting', 'open', 'waiting']);
    expect(exchange.request.signal.aborted).toBe(true);
  });

  it('gives a connection up that is never answered', async () => {
    const client = new Client({ silenceMs: 100 });
    await client.next();
    client.clock.pass(100);
    expect(client.states).toEqual(['connecting', 'waiting']);
  });

  it('does not come back where it is told not to, or not any more', async () => {
    const once = new Client({ retry: false });
    (await once.next()).fail(new Error('no network'));
    await once.watch.ended();
    expect(once.watch.ending).toMatchObject({ name: 'EventStreamError', cause: new Error('no network') });
    const twice = new Client({ retry: { maxAttempts: 2 } });
    (await twice.next()).fail(new Error('first'));
    await turn();
    twice.clock.pass(1000);
    (await twice.next()).fail(new Error('second'));
    await twice.watch.ended();
    expect(twice.exchanges).toHaveLength(2);
    expect(twice.watch.ending).toMatchObject({ cause: new Error('second') });
  });

  it('aborts its request, and its wait, when it is left', async () => {
    const client = new Client();
    const exchange = await client.next();
    exchange.open();
    await turn();
    client.watch.stop();
    expect([exchange.request.signal.aborted, client.clock.pending, client.states.at(-1)]).toEqual([true, 0, 'closed']);
    const waiting = new Client();
    (await waiting.next()).fail(new Error('no network'));
    await turn();
    waiting.watch.stop();
    expect(waiting.clock.pending).toBe(0);
  });

  it('tells nothing more to one who leaves in the midst of a piece', async () => {
    const positions: number[] = [];
    const client = new Client({
      onPosition: ({ seq }) => {
        positions.push(seq);
        client.watch.stop();
      },
    });
    (await client.next()).open(of('a', 'e:1') + of('b', 'e:2'));
    await turn();
    expect([client.told, positions]).toEqual([['a'], [1]]);
  });

  it('completes when its signal is aborted, before or later', async () => {
    const controller = new AbortController();
    const client = new Client({ signal: controller.signal });
    const exchange = await client.next();
    controller.abort();
    expect([client.watch.ending, exchange.request.signal.aborted]).toEqual(['complete', true]);
    const late = new Client({ signal: controller.signal });
    expect([late.watch.ending, late.exchanges.length]).toEqual(['complete', 0]);
  });

  it('ignores what a later version may send', async () => {
    const client = new Client();
    (await client.next()).open(`event: news\ndata: {}\n\nfield: x\nretry: soon\n${of('a')}`);
    await turn();
    expect(client.told).toEqual(['a']);
  });
});
