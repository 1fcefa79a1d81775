import { beforeEach, describe, expect, it } from '@jest/globals';
import { effect, inject, Injector, PLATFORM_ID, signal } from '@angular/core';
import { TestBed } from '@angular/core/testing';
import { type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { type FoldEventStreamOptions, injectEventStream, type InjectEventStreamOptions } from 'sharing-bus/angular';
import { EventStreamError, type EventStreamFetch, EventStreams } from 'sharing-bus/sse';
import { parse, until } from '../sse/support.js';
import { event } from '../support/events.js';
import { settle } from '../support/settle.js';
import { application, reported, within } from './testBed.js';

const URL_ = 'http://localhost/events';

/** A server in this process, with event streams of its bus. */
class Server {
  readonly bus = new SharingBus<string>({ history: { capacity: 100 } });
  readonly streams = new EventStreams(this.bus, { filter: EventFilter.all, retryMs: 1 });
  readonly asked: URL[] = [];
  readonly fetch: EventStreamFetch = (url, { signal: aborted, headers }) => {
    this.asked.push(new URL(url));
    return this.streams.respond(new Request(url, { signal: aborted, headers }));
  };

  publish(...words: string[]): void {
    for (const word of words) {
      this.bus.publish(event(word, { kind: word }));
    }
  }
}

function told(delivery: Delivery<string>): string {
  return delivery.type === 'event' ? delivery.event.event : `${delivery.missed} missing`;
}

let server: Server;
let options: InjectEventStreamOptions<string> & { readonly parse: typeof parse<string> };

beforeEach(() => {
  server = new Server();
  options = { parse, fetch: server.fetch, from: 'start' };
  application();
});

describe('injectEventStream', () => {
  it('has the deliveries, the state of the connection and the position', async () => {
    const stream = within(() => injectEventStream(URL_, options));
    expect(stream.value()).toEqual([]);
    expect(stream.status()).toEqual({ state: 'connecting', attempt: 1 });
    expect(stream.position()).toBeUndefined();
    server.publish('a', 'b');
    await until(() => stream.value().length === 2);
    expect(stream.value().map(told)).toEqual(['a', 'b']);
    expect(stream.status()).toEqual({ state: 'open', attempt: 1 });
    expect(stream.position()).toEqual(server.bus.position);
    expect(stream.error()).toBeUndefined();
  });

  it('ends the request when the injector ends, and keeps its value', async () => {
    const injector = within(() => Injector.create({ providers: [], parent: inject(Injector) }));
    const stream = injectEventStream(URL_, { ...options, injector });
    server.publish('a');
    await until(() => stream.value().length === 1);
    expect(server.streams.size).toBe(1);
    injector.destroy();
    await until(() => server.streams.size === 0);
    server.publish('b');
    await settle();
    expect(stream.value().map(told)).toEqual(['a']);
    expect(stream.status()?.state).toBe('closed');
  });

  it('keeps the last deliveries, gaps among them', async () => {
    server.publish(...Array.from({ length: 150 }, (_, index) => `${index}`));
    const stream = within(() =>
      injectEventStream(URL_, { ...options, from: { epoch: server.bus.position?.epoch ?? '', seq: 0 } }),
    );
    const short = within(() => injectEventStream(URL_, { ...options, count: 2 }));
    await until(() => stream.value().some((delivery) => told(delivery) === '149') && short.value().length === 2);
    await until(() => short.value().map(told).join() === '148,149');
    expect(stream.value().length).toBe(100);
    expect(stream.value().map(told)[0]).toBe('50');
  });

  it('changes its value for deliveries only, and once for those that come together', async () => {
    server.publish('a', 'b', 'c');
    const stream = within(() => injectEventStream(URL_, options));
    const seen: string[][] = [];
    within(() => {
      effect(() => {
        seen.push(stream.value().map(told));
      });
    });
    TestBed.tick();
    await until(() => stream.position()?.seq === 3);
    TestBed.tick();
    server.bus.close();
    await until(() => stream.status()?.state === 'closed');
    TestBed.tick();
    expect(seen).toEqual([[], ['a', 'b', 'c']]);
  });

  it('makes what the application wants of the deliveries', async () => {
    server.publish('a', 'b');
    const words: FoldEventStreamOptions<string, string[]> & typeof options = {
      ...options,
      seed: () => [],
      // The same array: what changes in place is seen, too.
      reduce: (so, delivery) => (so.push(told(delivery)), so),
    };
    const stream = within(() => injectEventStream(URL_, words));
    const seen: string[] = [];
    within(() => {
      effect(() => {
        seen.push(stream.value().join());
      });
    });
    TestBed.tick();
    await until(() => stream.value().length === 2);
    TestBed.tick();
    server.publish('c');
    await until(() => stream.value().length === 3);
    TestBed.tick();
    expect(seen).toEqual(['', 'a,b', 'a,b,c']);
  });

  it('ends with what reduce throws', async () => {
    const thrown = new Error('reduce');
    const reduce = (): never => {
      throw thrown;
    };
    const stream = within(() => injectEventStream(URL_, { ...options, seed: () => 'seed', reduce }));
    server.publish('a');
    await until(() => stream.error() !== undefined);
    await until(() => server.streams.size === 0);
    expect([stream.value(), stream.error(), stream.status()?.state]).toEqual(['seed', thrown, 'closed']);
    expect(reported).toEqual([thrown]);
  });

  it('asks anew when a signal changes, starts anew, and asks for nothing without a source', async () => {
    server.publish('a', 'b');
    const kind = signal<string | undefined>('a');
    const stream = within(() =>
      injectEventStream(() => {
        const wanted = kind();
        return wanted === undefined ? undefined : { url: URL_, filter: EventFilter.kind(wanted) };
      }, options),
    );
    expect([server.asked.length, stream.status()]).toEqual([0, undefined]);
    TestBed.tick();
    await until(() => stream.value().length === 1);
    expect(stream.value().map(told)).toEqual(['a']);
    kind.set('b');
    TestBed.tick();
    expect([stream.value(), stream.position(), stream.status()?.state]).toEqual([[], undefined, 'connecting']);
    await until(() => stream.value().length === 1);
    expect(stream.value().map(told)).toEqual(['b']);
    kind.set(undefined);
    TestBed.tick();
    await until(() => server.streams.size === 0);
    expect([stream.value(), stream.position(), stream.status()]).toEqual([[], undefined, undefined]);
    expect(server.asked.map(({ searchParams }) => searchParams.get('filter'))).toEqual([
      '{"type":"kind","kinds":["a"]}',
      '{"type":"kind","kinds":["b"]}',
    ]);
  });

  it('takes a signal of an address, too, and a URL', async () => {
    const address = signal(URL_);
    const streams = within(() => [
      injectEventStream(address, options),
      injectEventStream(new URL(URL_), options),
      injectEventStream({ url: URL_, from: 'now' }, options),
    ]);
    TestBed.tick();
    await until(() => streams.every(({ status }) => status()?.state === 'open'));
    expect(server.asked.map(({ search }) => search).sort()).toEqual(['', '?from=start', '?from=start']);
  });

  it('gives an error that ends the stream as a signal, as the cause, and to the ErrorHandler, once', async () => {
    const refuse: EventStreamFetch = () => Promise.resolve(new Response('who are you?', { status: 401 }));
    const stream = within(() => injectEventStream(URL_, { ...options, fetch: refuse }));
    await until(() => stream.error() !== undefined);
    expect(stream.error()).toBeInstanceOf(EventStreamError);
    expect(stream.status()).toEqual({ state: 'closed', attempt: 1, cause: stream.error() });
    expect(reported).toEqual([stream.error()]);
    expect(stream.value()).toEqual([]);
  });

  it('gives what is wrong with a source of a function in the same way, and goes on with the next', async () => {
    const from = signal<unknown>('never');
    const stream = within(() => injectEventStream(() => ({ url: URL_, from: from() as 'now' }), options));
    TestBed.tick();
    expect(String(stream.error())).toContain('never');
    expect(reported).toEqual([stream.error()]);
    from.set('now');
    TestBed.tick();
    await until(() => stream.status()?.state === 'open');
    expect(stream.error()).toBeUndefined();
  });

  it('calls the functions of the application as fromEventStream does', async () => {
    const told_: unknown[] = [];
    const stream = within(() =>
      injectEventStream(URL_, {
        ...options,
        onStatus: ({ state }) => told_.push(state),
        onPosition: ({ seq }) => told_.push(seq),
      }),
    );
    server.publish('a');
    await until(() => stream.position() !== undefined);
    expect(told_.filter((one) => one !== 0)).toEqual(['connecting', 'open', 1]);
  });

  it('asks for nothing on the server, and says what the browser will say first', async () => {
    application({ provide: PLATFORM_ID, useValue: 'server' });
    const [one, two, none] = within(
      () =>
        [
          // A relative address has a meaning in a page only.
          injectEventStream('/events', options),
          injectEventStream(() => '/events', options),
          injectEventStream(() => undefined, options),
        ] as const,
    );
    TestBed.tick();
    await settle();
    expect([one, two, none].map(({ status }) => status())).toEqual([
      { state: 'connecting', attempt: 1 },
      { state: 'connecting', attempt: 1 },
      undefined,
    ]);
    expect([one.value(), one.position(), one.error(), server.asked]).toEqual([[], undefined, undefined, []]);
  });

  it('refuses bad arguments at the call', () => {
    const bad: (readonly [unknown, unknown, string])[] = [
      [URL_, null, 'injectEventStream: options must be an object, got null'],
      [URL_, { cuont: 1 }, 'injectEventStream: options: "cuont" is unknown; known are injector, count'],
      [URL_, { count: -1 }, 'injectEventStream: count must be an integer from 1 to 2147483647, got -1'],
      [URL_, { seed: () => 1 }, 'injectEventStream: reduce must be a function, got undefined'],
      [URL_, { reduce: () => 1 }, 'injectEventStream: seed must be a function, got undefined'],
      [
        { url: URL_, fliter: 1 },
        {},
        'injectEventStream: source: "fliter" is unknown; known are url, filter, from, headers',
      ],
      [undefined, {}, 'injectEventStream: source'],
      [URL_, { silenceMs: 0 }, 'silenceMs'],
    ];
    for (const [source, given, message] of bad) {
      expect(() => within(() => injectEventStream(source as never, given as never))).toThrow(message);
    }
    expect(() => injectEventStream(URL_)).toThrow('NG0203: injectEventStream()');
  });
});
