import type { ReceiverOptions } from '../../lib/options.js';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { asapScheduler, config, NEVER, noop, Subject, VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  concatMapDropNewest,
  dropNewest,
  EventFilter,
  InvalidFilterError,
  lateBindScrollId,
  matches,
  SharingBus,
} from '../../lib/index.js';
import type { ValidationError } from '../../lib/schema/index.js';
import { EventStreams, fromEventStream } from '../../lib/sse/index.js';
import { busHelpers } from '../../lib/testing/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event, registration } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { parse as taken, told } from '../sse/support.js';

/**
 * Jest fails a spec in which a promise is rejected and nobody has taken that; it sees it when a macrotask has passed. So each `await settled()`
 * here says that the process would have gone on.
 */
async function settled(): Promise<void> {
  await new Promise((resolve) => setImmediate(resolve));
  await new Promise((resolve) => setImmediate(resolve));
}

/** What plain JavaScript may return in the place of an answer: each of them fails, but for the last. */
const PROMISES: readonly (readonly [what: string, make: () => never])[] = [
  ['a promise that rejects', () => Promise.reject(new Error('later')) as never],
  [
    'a promise that rejects with nothing',
    () =>
      Promise.resolve().then(() => {
        throw undefined;
      }) as never,
  ],
  [
    'a thenable of another make',
    () =>
      ({
        then: (_: unknown, reject: (error: unknown) => void) => {
          reject(new Error('later'));
        },
      }) as never,
  ],
  [
    'a thenable that throws',
    () =>
      ({
        then: () => {
          throw new Error('later');
        },
      }) as never,
  ],
  ['a promise that is kept', () => Promise.resolve(false) as never],
];

function setUp(options: ConstructorParameters<typeof SharingBus<number>>[0] = {}) {
  const scheduler = new ManualScheduler();
  const { lines, logger } = recordingLogger();
  const bus = new SharingBus<number>({ scheduler, logger, ...options });
  const publish = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload, { kind: 'k' }));
    });
  };
  return { bus, scheduler, lines, publish };
}

describe.each(PROMISES)('%s is no verdict', (_what, make) => {
  const isMine = (): never => make();
  const mine = EventFilter.where<number>(isMine);

  it.each<[string, EventFilter<number>]>([
    ['alone', mine],
    ['in an and', EventFilter.and<number>(EventFilter.kind('k'), mine)],
    ['in an or', EventFilter.or<number>(EventFilter.kind('other'), mine)],
    ['in a not', EventFilter.not<number>(mine)],
    ['in all of them', EventFilter.not<number>(EventFilter.and<number>(EventFilter.all, EventFilter.or<number>(mine)))],
  ])('law 16: of a predicate %s: it ends its own receiver alone, after what is queued', async (_, filter) => {
    const { bus, scheduler, publish } = setUp();
    const other = collectPayloads(bus.stream());
    const receiver = bus.subscribeFiltered(filter);
    publish(1);
    expect(bus.subscriberCount).toBe(1);
    publish(2);
    const { values, endings } = collectPayloads(receiver.events$);
    scheduler.flush();
    await settled();
    expect([values, endings]).toEqual([[], [expect.any(InvalidFilterError)]]);
    expect(String(endings[0])).toBe('InvalidFilterError: where(isMine): expected a boolean, got a promise');
    expect([other.values, other.endings]).toEqual([[1, 2], []]);
  });

  it('law 16: of a predicate that is asked about what is retained, by matches, by flush and by explain', async () => {
    const { bus, scheduler, publish } = setUp({ history: { capacity: 9 } });
    publish(1);
    const { endings } = collect(bus.stream(mine, { from: 'start' }));
    scheduler.flush();
    expect(endings).toEqual([expect.any(InvalidFilterError)]);
    expect(() => matches(mine, event(1))).toThrow(InvalidFilterError);
    const waiting = bus.subscribeAll();
    publish(2);
    await expect(bus.flush(mine)).rejects.toThrow(InvalidFilterError);
    waiting[Symbol.dispose]();
    bus.subscribeFiltered(mine);
    expect(bus.explain(event(1))[0]).toMatchObject({
      matches: false,
      why: expect.stringContaining(
        'throws InvalidFilterError: where(isMine): expected a boolean, got a promise',
      ) as unknown,
    });
    await settled();
  });

  it.each<[string, ReceiverOptions<number>]>([
    ['key', { overflow: 'latest', key: isMine }],
    ['barrier', { overflow: 'latest', key: ({ event: payload }) => payload, barrier: isMine }],
  ])('law 16: of a %s: it ends the receiver, after what is queued', async (what, options) => {
    const { bus, scheduler, publish } = setUp();
    const receiver = bus.subscribeFiltered(EventFilter.all, options);
    expect(bus.explain(event(1))[0]?.why).toContain(`throws TypeError: ${what}: `);
    publish(1, 2);
    expect(bus.subscriberCount).toBe(0);
    const { values, endings } = collectPayloads(receiver.events$);
    scheduler.flush();
    await settled();
    expect([values, endings.map(String)]).toEqual([
      [],
      [`TypeError: ${what}: expected a synchronous result, got a promise`],
    ]);
  });

  it('laws 8 and 16: of a bindingOf: it is told, and registers nothing', async () => {
    const { bus, lines, publish, scheduler } = setUp({ bindingOf: isMine });
    const { values } = collectPayloads(bus.stream());
    publish(1, 2);
    expect(bus.explain(event(3, { kind: 'k' }))).toHaveLength(1);
    scheduler.flush();
    await settled();
    expect([values, lines]).toEqual([
      [1, 2],
      Array(2).fill(
        'warn: sharing-bus: bindingOf threw TypeError: bindingOf: expected a synchronous result, got a promise; nothing is registered',
      ),
    ]);
    const own = recordingLogger();
    const source$ = new Subject<ReturnType<typeof event<number>>>();
    const alone = collect(source$.pipe(lateBindScrollId<number>({ bindingOf: isMine, logger: own.logger })));
    source$.next(event(1));
    await settled();
    expect([alone.values, alone.endings, own.lines]).toEqual([[event(1)], [], [lines[0]]]);
  });

  it('of a sizeOf: what cannot tell its size takes none', async () => {
    const { bus, publish } = setUp({ history: { capacity: 9, maxBytes: 1, sizeOf: isMine } });
    publish(1, 2, 3);
    await settled();
    expect(bus.subscribeFiltered(EventFilter.all, { from: 'start' }).missed).toBe(0);
  });

  it('of a parse: the event is a gap of one, and told', async () => {
    const block = (seq: number): string =>
      `id: e:${seq}\ndata: {"routing":{"kind":"k"},"origin":"o","event":${seq}}\n\n`;
    const invalid: [ValidationError, string][] = [];
    const { values, endings } = collect(
      fromEventStream<number>('http://a.test', {
        fetch: () =>
          Promise.resolve(
            new Response(`${block(1)}${block(2)}event: end\ndata: {}\n\n`, {
              headers: { 'content-type': 'text/event-stream' },
            }),
          ),
        parse: (value) => ((value as { event: number }).event === 1 ? make() : taken<number>(value)),
        scheduler: new VirtualTimeScheduler(),
        onInvalid: (...line) => invalid.push(line),
      }),
    );
    await settled();
    await settled();
    expect([values.map(told), endings]).toEqual([['1 missing', 2], ['complete']]);
    expect(invalid.map(([error]) => error.issues)).toEqual([
      [{ path: '(root)', message: 'reading it threw TypeError: parse: expected a synchronous result, got a promise' }],
    ]);
  });

  it('of what makes the events of a diagram', async () => {
    const testScheduler = new TestScheduler(noop);
    using helpers = busHelpers(testScheduler);
    expect(() => helpers.busEvents('-a-', isMine)).toThrow('values: expected a synchronous result, got a promise');
    expect(() => {
      helpers.expectDeliveries(helpers.testBus().stream()).toBe('-a-', isMine);
    }).toThrow('values: expected a synchronous result, got a promise');
    await settled();
  });
});

describe('an answer that is no boolean, and no promise', () => {
  it.each<[unknown, boolean]>([
    [1, true],
    ['yes', true],
    [{}, true],
    [[], true],
    [{ then: 'text' }, true],
    [noop, true],
    [0, false],
    ['', false],
    [null, false],
    [undefined, false],
    [NaN, false],
  ])('%p counts as it does in an if', (answer, isTrue) => {
    expect(
      matches(
        EventFilter.where<number>(() => answer as boolean),
        event(1),
      ),
    ).toBe(isTrue);
    const { bus, publish } = setUp();
    const receiver = bus.subscribeFiltered(EventFilter.all, {
      overflow: 'latest',
      key: () => answer,
      barrier: () => answer as boolean,
    });
    publish(1, 2);
    expect(receiver.lagged).toBe(isTrue ? 0 : 1);
  });
});

describe('what is called and not asked may return a promise, and what that rejects with', () => {
  const reported: string[] = [];

  beforeEach(() => {
    reported.length = 0;
    config.onUnhandledError = (error) => reported.push(String(error));
  });
  afterEach(() => {
    config.onUnhandledError = null;
  });

  /** RxJS reports by a timer. */
  async function settledAndReported(): Promise<readonly string[]> {
    await settled();
    await new Promise((resolve) => {
      asapScheduler.schedule(resolve, 2);
    });
    return reported;
  }

  const failing = (): Promise<never> => Promise.reject(new Error('later'));
  // As plain JavaScript gives it.
  const fail = failing as () => never;

  it('law 16: of a logger, is told once where it still can, as what it throws', async () => {
    const { lines, logger } = recordingLogger();
    const warnings: string[] = [];
    const { bus, scheduler, publish } = setUp({ logger: { ...logger, info: fail } });
    const receiver = bus.subscribeFiltered(EventFilter.all, 1);
    publish(1, 2);
    receiver.events$.subscribe();
    scheduler.flush();
    await settled();
    expect(lines).toEqual([
      'warn: sharing-bus: receiver 0 begins to lag: its queue of 1 is full',
      'warn: sharing-bus: the logger threw Error: later at the line: receiver 0 has caught up; lagged: 1',
    ]);
    const warn = (line: unknown): void => {
      warnings.push(String(line));
      return fail();
    };
    const source$ = new Subject<ReturnType<typeof registration>>();
    const { values, endings } = collect(source$.pipe(lateBindScrollId({ logger: { warn } })));
    source$.next(registration('a', 'b', 'no UUID'));
    expect(await settledAndReported()).toEqual([]);
    expect([values.length, endings, warnings.length]).toEqual([1, [], 2]);
  });

  it('of dropNewest’s onDrop, ends the stream, after what is queued', async () => {
    const scheduler = new ManualScheduler();
    const source$ = new Subject<number>();
    const dropped$ = source$.pipe(dropNewest({ capacity: 2, scheduler, onDrop: fail }));
    const { values, endings } = collect(dropped$);
    const { subscription } = collect(dropped$);
    [1, 2, 3].forEach((value) => {
      source$.next(value);
    });
    subscription.unsubscribe();
    await settled();
    expect([values, endings, source$.observed]).toEqual([[], [], false]);
    scheduler.flush();
    expect([values, endings.map(String)]).toEqual([[1, 2], ['Error: later']]);
    expect(await settledAndReported()).toEqual([]);
  });

  it('of concatMapDropNewest’s onDrop, ends the stream', async () => {
    const source$ = new Subject<number>();
    const dropped$ = source$.pipe(concatMapDropNewest(() => NEVER, { capacity: 1, onDrop: fail }));
    const { endings } = collect(dropped$);
    const { subscription } = collect(dropped$);
    [1, 2, 3].forEach((value) => {
      source$.next(value);
    });
    subscription.unsubscribe();
    await settled();
    expect([endings.map(String), source$.observed]).toEqual([['Error: later'], false]);
    expect(await settledAndReported()).toEqual([]);
  });

  it('of the project of concatMapDropNewest, is dropped if that has ended the stream', async () => {
    const source$ = new Subject<number>();
    const stream$ = source$.pipe(
      concatMapDropNewest(
        () => {
          subscription.unsubscribe();
          return fail();
        },
        { capacity: 1 },
      ),
    );
    const { subscription, values, endings } = collect(stream$);
    source$.next(1);
    expect(await settledAndReported()).toEqual([]);
    expect([values, endings]).toEqual([[], []]);
  });

  it('of consume, ends the stream, and is dropped if consume has ended it', async () => {
    const { bus, scheduler, publish } = setUp();
    const { endings } = collect(bus.stream(EventFilter.all, { consume: fail }));
    const { subscription } = collect(
      bus.stream(EventFilter.all, {
        consume: () => {
          subscription.unsubscribe();
          return fail();
        },
      }),
    );
    publish(1);
    scheduler.flush();
    expect(await settledAndReported()).toEqual([]);
    expect([endings.map(String), bus.subscriberCount]).toEqual([['Error: later'], 0]);
  });

  it('of a client’s onStatus, onInvalid and onPosition, is reported as RxJS reports it, and ends nothing', async () => {
    const callback = (what: string) => (): void => Promise.reject(new Error(what)) as never;
    const { values, endings } = collect(
      fromEventStream<number>('http://a.test', {
        fetch: () =>
          Promise.resolve(
            new Response('id: e:1\ndata: no JSON\n\nevent: end\ndata: {}\n\n', {
              headers: { 'content-type': 'text/event-stream' },
            }),
          ),
        parse: (value) => taken<number>(value),
        scheduler: new VirtualTimeScheduler(),
        onStatus: callback('status'),
        onInvalid: callback('invalid'),
        onPosition: callback('position'),
      }),
    );
    await settled();
    const errors = await settledAndReported();
    expect([values.map(told), endings]).toEqual([['1 missing'], ['complete']]);
    // It was connecting, open and closed.
    expect([...errors].sort()).toEqual(
      ['invalid', 'position', 'status', 'status', 'status'].map((what) => `Error: ${what}`),
    );
  });

  it('of a server’s onError, is reported as RxJS reports it, and the request is answered', async () => {
    const { bus } = setUp();
    const streams = new EventStreams(bus, { authorize: fail, onError: fail });
    const { status } = await streams.respond(new Request('http://a.test'));
    expect([status, await settledAndReported()]).toEqual([500, ['Error: later']]);
  });
});
