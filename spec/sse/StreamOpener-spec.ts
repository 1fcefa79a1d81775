import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { config } from 'rxjs';
import { type BusStats, EventFilter, SharingBus } from '../../lib/index.js';
import type { EventStreamOptions } from '../../lib/sse/EventStreamOptions.js';
import { EventText } from '../../lib/sse/EventText.js';
import { StreamOpener } from '../../lib/sse/StreamOpener.js';
import { Clock } from '../support/Clock.js';
import { event } from '../support/events.js';

const all = { filter: EventFilter.all };

function request(query: Record<string, string> = {}, init: RequestInit = {}): Request {
  return new Request(`http://localhost/?${new URLSearchParams(query).toString()}`, init);
}

interface Fixture {
  readonly bus: SharingBus<string>;
  readonly clock: Clock;
  readonly opener: StreamOpener<string>;
  readonly errors: unknown[];
  readonly filters: () => unknown[];
}

function setUp(options: EventStreamOptions<string> = all): Fixture {
  const bus = new SharingBus<string>();
  const clock = new Clock();
  const errors: unknown[] = [];
  const onError = (error: unknown): void => {
    errors.push(error);
  };
  const opener = new StreamOpener(bus, { scheduler: clock, onError, closeMs: 100, ...options });
  const filters = (): unknown[] =>
    bus.stats().receivers.map(({ filter }: BusStats<string>['receivers'][number]) => filter);
  return { bus, clock, opener, errors, filters };
}

/** A stream that was opened at once. */
function opened({ opener }: Fixture, asked = request()): EventText<string> {
  const text = opener.open(asked);
  expect(text).toBeInstanceOf(EventText);
  return text as EventText<string>;
}

async function turn(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
}

describe('StreamOpener', () => {
  it('law 24: makes no receiver before somebody asks, and refuses what none can be made with', () => {
    const { bus } = setUp();
    expect(() => new StreamOpener(bus, { ...all, stallAfterMs: 0 })).toThrow(RangeError);
    expect(() => new StreamOpener(bus, { ...all, onError: 5 as never })).toThrow('EventStreams: onError must be');
    expect([bus.subscriberCount, bus.subscribeAll().id]).toEqual([0, 0]);
  });

  it.each<[string, EventStreamOptions<string>, number]>([
    ['is forbidden', { authorize: () => false }, 403],
    ['is answered by the application', { authorize: () => new Response(null, { status: 418 }) }, 418],
    ['is forgotten', { authorize: () => undefined as never }, 500],
    [
      'is thrown at',
      {
        authorize: () => {
          throw new Error('no');
        },
      },
      500,
    ],
  ])('a request that %s is answered at once, and holds no place', (_how, options, status) => {
    const { bus, opener } = setUp(options);
    const answer = opener.open(request());
    expect(answer).toBeInstanceOf(Response);
    expect([(answer as Response).status, opener.size, bus.subscriberCount]).toEqual([status, 0, 0]);
  });

  it.each<[string, () => PromiseLike<false>, number]>([
    ['is forbidden', () => Promise.resolve(false), 403],
    [
      'is forbidden by what is awaited',
      () => ({ then: (told: (verdict: false) => unknown) => told(false) }) as never,
      403,
    ],
    ['is rejected', () => Promise.reject(new Error('no')), 500],
  ])('a request that %s later holds a place until then', async (_how, authorize, status) => {
    const { opener } = setUp({ authorize });
    const answer = opener.open(request());
    expect(opener.size).toBe(1);
    expect([((await answer) as Response).status, opener.size]).toEqual([status, 0]);
  });

  it('a request that is gone already is opened and left at once, and its end is nobody’s error', async () => {
    const signal = AbortSignal.abort();
    const sync = setUp();
    expect([opened(sync, request({}, { signal })).isOver, sync.opener.size, sync.bus.subscriberCount]).toEqual([
      true,
      0,
      0,
    ]);
    const { opener, errors } = setUp({ authorize: () => Promise.resolve(EventFilter.all) });
    expect(await opener.open(request({}, { signal }))).toBeInstanceOf(Response);
    expect([opener.size, errors]).toEqual([0, []]);
  });

  it('law 34: gives the listener at the signal back when the stream is over', () => {
    const fixture = setUp();
    const asked = request();
    const given = jest.spyOn(asked.signal, 'addEventListener');
    const back = jest.spyOn(asked.signal, 'removeEventListener');
    const stream = opened(fixture, asked);
    expect([given.mock.calls.length, back.mock.calls.length]).toEqual([1, 0]);
    stream.leave();
    expect(back.mock.calls.map(([, act]) => act)).toEqual(given.mock.calls.map(([, act]) => act));
  });

  it('asks for what all of them let through, in as few words as that takes', () => {
    const a = EventFilter.kind('a');
    const b = EventFilter.kind('b');
    const c = EventFilter.kind('c');
    const plain = setUp();
    opened(plain);
    const served = setUp({ filter: a });
    opened(served);
    opened(served, request({ filter: JSON.stringify(c) }));
    const decided = setUp({ filter: a, authorize: () => b });
    opened(decided, request({ filter: JSON.stringify(c) }));
    expect([plain, served, decided].map(({ filters }) => filters())).toEqual([
      [EventFilter.all],
      [a, EventFilter.and(a, c)],
      [EventFilter.and(a, b, c)],
    ]);
  });

  it.each([
    [1, '1'],
    [1_000, '1'],
    [1_001, '2'],
  ])('says when to come back in whole seconds, never too soon: %i ms', (retryMs, seconds) => {
    const { opener } = setUp({ ...all, retryMs, maxConnections: 1, busyStatus: 503 });
    void opener.open(request());
    expect((opener.open(request()) as Response).headers.get('retry-after')).toBe(seconds);
  });

  describe('whose onError throws', () => {
    beforeEach(() => {
      jest.useFakeTimers();
    });

    afterEach(() => {
      config.onUnhandledError = null;
      jest.useRealTimers();
    });

    it('answers all the same, and what was thrown is reported', () => {
      const reported: unknown[] = [];
      config.onUnhandledError = (error) => reported.push(error);
      const { opener } = setUp({
        authorize: () => {
          throw new Error('no');
        },
        onError: () => {
          throw new Error('nor this');
        },
      });
      expect((opener.open(request()) as Response).status).toBe(500);
      jest.runAllTimers();
      expect(reported).toEqual([new Error('nor this')]);
    });
  });

  describe('that is closed', () => {
    it('is so at once where nothing is open, once for all who ask, and has no timer', async () => {
      const { opener, clock } = setUp({ ...all, busyStatus: 503 });
      const closed = opener.close();
      expect([opener.close() === closed, clock.pending]).toEqual([true, 0]);
      await closed;
      expect((opener.open(request()) as Response).status).toBe(503);
    });

    it('is so when the last of its streams is left, and has no timer then', async () => {
      const fixture = setUp();
      const [first, second] = [opened(fixture), opened(fixture)];
      let isClosed = false;
      const closed = fixture.opener.close().then(() => (isClosed = true));
      first.leave();
      await turn();
      expect([isClosed, fixture.opener.size]).toEqual([false, 1]);
      second.leave();
      await closed;
      expect([fixture.opener.size, fixture.bus.subscriberCount, fixture.clock.pending]).toEqual([0, 0, 0]);
    });

    it('gives what waits to who reads, and cuts off who is not through when their time is over', async () => {
      const fixture = setUp();
      const [reading, slow] = [opened(fixture), opened(fixture)];
      // Each is a chunk by itself.
      ['a', 'b'].forEach((letter) => {
        fixture.bus.publish(event(letter.repeat(20_000)));
      });
      const closed = fixture.opener.close();
      fixture.bus.publish(event('late'));
      let text = '';
      for (let chunk = await reading.read(); chunk !== undefined; chunk = await reading.read()) {
        text += chunk.text;
      }
      expect(text.replaceAll(/a+"|b+"/g, '')).toMatch(/"event":".*\n\n.*"event":".*\n\n: the server closes\n\n$/);
      expect(text).not.toContain('late');
      fixture.clock.pass(99);
      expect([(await slow.read())?.text.includes('aaa'), slow.isOver]).toEqual([true, false]);
      fixture.clock.pass(1);
      await closed;
      expect([slow.isOver, await slow.read()]).toEqual([true, undefined]);
    });

    it('refuses who is still being decided about, and does not wait for that', async () => {
      let decide: ((verdict: EventFilter<string>) => void) | undefined;
      const verdict = new Promise<EventFilter<string>>((resolve) => {
        decide = resolve;
      });
      const { bus, opener } = setUp({ authorize: () => verdict, busyStatus: 503 });
      const answer = opener.open(request());
      await opener.close();
      expect(opener.size).toBe(1);
      decide?.(EventFilter.all);
      expect([((await answer) as Response).status, opener.size, bus.subscriberCount]).toEqual([503, 0, 0]);
    });
  });
});
