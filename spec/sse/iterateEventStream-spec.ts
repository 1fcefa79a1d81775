import { describe, expect, it } from '@jest/globals';
import { type BusPosition, type Delivery, EventFilter, SharingBus } from '../../lib/index.js';
import {
  EventStreamError,
  type EventStreamRequest,
  EventStreams,
  type FromEventStreamOptions,
  iterateEventStream,
} from '../../lib/sse/index.js';
import { Clock } from '../support/Clock.js';
import { event } from '../support/events.js';
import { parse, told } from './support.js';

const type = { 'content-type': 'text/event-stream' };

const of = (payload: unknown, id: string): string =>
  `id: ${id}\ndata: ${JSON.stringify({ routing: { kind: 'k' }, origin: 'o', event: payload })}\n\n`;

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** A server that has answered with `pieces`, one for each read, and then sends nothing more. */
class Script {
  readonly clock = new Clock();
  readonly urls: string[] = [];
  readonly states: string[] = [];
  readonly positions: BusPosition[] = [];
  reads = 0;
  cancels = 0;
  readonly #pieces: string[];
  readonly deliveries: AsyncIterable<Delivery<unknown>>;

  constructor(pieces: readonly string[], options: Omit<FromEventStreamOptions<unknown>, 'parse'> = {}) {
    this.#pieces = [...pieces];
    this.deliveries = iterateEventStream<unknown>('http://a.test/', {
      parse,
      scheduler: this.clock,
      fetch: (url) => {
        this.urls.push(url);
        return Promise.resolve(new Response(this.#body(), { headers: type }));
      },
      onStatus: ({ state }) => this.states.push(state),
      onPosition: (position) => this.positions.push(position),
      ...options,
    });
  }

  get iterator(): AsyncIterator<Delivery<unknown>> {
    return this.deliveries[Symbol.asyncIterator]();
  }

  #body(): ReadableStream<Uint8Array> {
    return new ReadableStream<Uint8Array>(
      {
        pull: (controller) => {
          this.reads += 1;
          const piece = this.#pieces.shift();
          if (piece === 'cut') {
            controller.error(new Error('cut'));
            return undefined;
          }
          if (piece !== undefined) {
            controller.enqueue(new TextEncoder().encode(piece));
            return undefined;
          }
          return new Promise(() => undefined);
        },
        cancel: () => {
          this.cancels += 1;
        },
      },
      { highWaterMark: 0 },
    );
  }
}

async function next(iterator: AsyncIterator<Delivery<unknown>>): Promise<unknown> {
  const result = await iterator.next();
  return result.done === true ? 'done' : told(result.value);
}

describe('iterateEventStream', () => {
  it('delivers what the server sends, in order, and completes when the bus is closed', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 2 } });
    const streams = new EventStreams(bus, { filter: EventFilter.all });
    [1, 2, 3].forEach((n) => {
      bus.publish(event(n));
    });
    const seen: unknown[] = [];
    const fetch = (url: string, { signal }: EventStreamRequest): Promise<Response> =>
      streams.respond(new Request(url, { signal }));
    for await (const delivery of iterateEventStream<number>('http://a.test/', { parse, fetch, from: 'start' })) {
      seen.push(told(delivery));
      if (seen.length === 3) {
        bus.publish(event(4));
        bus.close();
      }
    }
    expect(seen).toEqual(['1 missing', 2, 3, 4]);
    expect([bus.subscriberCount, streams.size]).toEqual([0, 0]);
  });

  it('is felt by the queue on the server where it is slow, and is told what was lost', async () => {
    const bus = new SharingBus<number>();
    const streams = new EventStreams(bus, { filter: EventFilter.all, capacity: 16 });
    const fetch = (url: string, { signal }: EventStreamRequest): Promise<Response> =>
      streams.respond(new Request(url, { signal }));
    const iterator = iterateEventStream<number>('http://a.test/', { parse, fetch })[Symbol.asyncIterator]();
    const first = iterator.next();
    await turn();
    for (let n = 1; n <= 3_000; n += 1) {
      bus.publish(event(n));
      if (n % 10 === 0) {
        await turn();
      }
    }
    await first;
    const [receiver] = bus.stats().receivers;
    expect([receiver?.waiting, receiver?.lagged]).toEqual([16, expect.any(Number)]);
    expect(receiver?.lagged).toBeGreaterThan(2_900);
    let count = 1;
    for (let missed = 0; missed === 0; count += 1) {
      const { value } = (await iterator.next()) as IteratorYieldResult<Delivery<number>>;
      missed = value.type === 'gap' ? value.missed : 0;
    }
    expect(count).toBeLessThan(100);
    await iterator.return?.();
    expect(bus.subscriberCount).toBe(0);
  });

  it('asks for nothing before the first next, and for each iterator', async () => {
    const script = new Script([of('a', 'e:1'), of('b', 'e:2')]);
    const { iterator } = script;
    await turn();
    expect([script.urls, script.states]).toEqual([[], []]);
    expect([await next(iterator), await next(script.iterator)]).toEqual(['a', 'b']);
    expect(script.urls).toHaveLength(2);
  });

  it('reads the next piece only when the one before is used up', async () => {
    const script = new Script([of('a', 'e:1') + of('b', 'e:2'), ': heartbeat\n\n', of('c', 'e:3')]);
    const { iterator } = script;
    const reads: unknown[] = [];
    for (let n = 1; n <= 3; n += 1) {
      reads.push([await next(iterator), script.reads]);
      await turn();
      reads.push(script.reads);
    }
    expect(reads).toEqual([['a', 1], 1, ['b', 1], 1, ['c', 3], 3]);
  });

  it('does not take its own slowness for a silence of the server, and notices a break when it reads', async () => {
    const script = new Script([of('a', 'e:1'), 'cut', of('b', 'e:2')], { silenceMs: 100, retry: { initialMs: 50 } });
    const { iterator } = script;
    expect(await next(iterator)).toBe('a');
    script.clock.pass(10_000);
    await turn();
    expect([script.states, script.clock.pending]).toEqual([['connecting', 'open'], 0]);
    const second = next(iterator);
    await turn();
    expect(script.states.at(-1)).toBe('waiting');
    script.clock.pass(50);
    expect([await second, script.urls.at(-1)]).toEqual(['b', 'http://a.test/?lastEventId=e%3A1']);
    const third = next(iterator);
    await turn();
    script.clock.pass(100);
    expect(script.states.at(-1)).toBe('waiting');
    await iterator.return?.();
    expect([await third, script.clock.pending]).toEqual(['done', 0]);
  });

  it.each([
    ['break', false],
    ['an error', true],
  ])('cancels the request when the loop is left by %s', async (_what, throws) => {
    const script = new Script([of('a', 'e:1') + of('b', 'e:2')]);
    const seen: unknown[] = [];
    const read = async (): Promise<void> => {
      for await (const delivery of script.deliveries) {
        seen.push(told(delivery));
        if (throws) {
          throw new Error('mine');
        }
        break;
      }
    };
    await (throws ? expect(read()).rejects.toThrow('mine') : read());
    expect([seen, script.cancels, script.states.at(-1), script.clock.pending]).toEqual([['a'], 1, 'closed', 0]);
  });

  it('answers calls that wait when it is left, and every call after that', async () => {
    const script = new Script([]);
    const { iterator } = script;
    const calls = [next(iterator), next(iterator)];
    await turn();
    expect(await iterator.return?.()).toEqual({ done: true, value: undefined });
    expect([...(await Promise.all(calls)), await next(iterator)]).toEqual(['done', 'done', 'done']);
    expect([script.urls.length, script.cancels]).toEqual([1, 1]);
  });

  it('makes no request where it is left before the first next', async () => {
    const script = new Script([of('a', 'e:1')]);
    const { iterator } = script;
    await iterator.return?.();
    expect([await next(iterator), script.urls]).toEqual(['done', []]);
  });

  it('serves calls beside each other in order', async () => {
    const { iterator } = new Script([of('a', 'e:1') + of('b', 'e:2'), of('c', 'e:3')]);
    expect(await Promise.all([next(iterator), next(iterator), next(iterator)])).toEqual(['a', 'b', 'c']);
  });

  it('tells of a position when what is before it was taken: at the next call, and when it is left', async () => {
    const script = new Script([of('a', 'e:1') + of('b', 'e:2') + of('c', 'e:3')]);
    const { iterator } = script;
    await next(iterator);
    expect(script.positions).toEqual([]);
    await next(iterator);
    expect(script.positions.map(({ seq }) => seq)).toEqual([1]);
    await iterator.return?.();
    expect(script.positions.map(({ seq }) => seq)).toEqual([1, 2]);
  });

  it('ends when its signal is aborted: while it waits, between two deliveries, and by a callback of its own', async () => {
    const ways = [
      async (script: Script, controller: AbortController) => {
        const waiting = next(script.iterator);
        await turn();
        controller.abort();
        return [await waiting];
      },
      async (script: Script, controller: AbortController) => {
        const { iterator } = script;
        const first = await next(iterator);
        controller.abort();
        return [first, await next(iterator)];
      },
      (script: Script, controller: AbortController) => {
        controller.abort();
        return Promise.all([next(script.iterator)]);
      },
    ];
    const seen: unknown[] = [];
    for (const way of ways) {
      const controller = new AbortController();
      const script = new Script(way === ways[0] ? [] : [of('a', 'e:1') + of('b', 'e:2')], {
        signal: controller.signal,
      });
      seen.push(await way(script, controller), script.states.at(-1), script.clock.pending);
    }
    expect(seen).toEqual([['done'], 'closed', 0, ['a', 'done'], 'closed', 0, ['done'], 'closed', 0]);
    const own = new AbortController();
    const aborting = new Script([of('a', 'e:1') + of('b', 'e:2')], {
      signal: own.signal,
      onPosition: () => {
        own.abort();
      },
    });
    const { iterator } = aborting;
    expect([await next(iterator), await next(iterator), aborting.cancels]).toEqual(['a', 'done', 1]);
  });

  it('throws what the stream fails with, once', async () => {
    const script = new Script([], { fetch: () => Promise.resolve(new Response('no', { status: 404 })) });
    const { iterator } = script;
    await expect(iterator.next()).rejects.toEqual(new EventStreamError('the server answered 404: no', 404, 'no'));
    expect([await next(iterator), script.states]).toEqual(['done', ['connecting', 'closed']]);
  });

  it('refuses at the call what fromEventStream refuses, by its own name', () => {
    const where = EventFilter.where<unknown>(() => true);
    expect(() => iterateEventStream('/', { filter: where, parse })).toThrow();
    expect(() => iterateEventStream('/', { silenceMs: 0 })).toThrow('iterateEventStream: silenceMs must be');
    expect(() => iterateEventStream('/', { retry: { maxMs: 0 } })).toThrow('iterateEventStream: retry.maxMs must be');
    expect(() => iterateEventStream('ws://a.test')).toThrow('iterateEventStream: url: expected http: or https:');
  });
});
