import { getEventListeners } from 'node:events';
import type { UnderlyingSource } from 'node:stream/web';
import { describe, expect, it, jest } from '@jest/globals';
import { Observable, type Observer, of, Subject, VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import type { BusEventSource, ConnectOptions } from '../../lib/options.js';
import { event } from '../support/events.js';
import { NativeObservable, type NativeSubscriber } from '../support/NativeObservable.js';
import { settle, stateOf } from '../support/settle.js';

const SYMBOL = Symbol('observable');

/** What waits, taken one by one. */
async function collectAll(receiver: BusReceiver<number>): Promise<readonly number[]> {
  const payloads: number[] = [];
  for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
    payloads.push(next.event.event);
  }
  return Promise.resolve(payloads);
}

// eslint wants a generator that waits to wait.
async function* source(count: number, onEnd?: () => void): AsyncGenerator<BusEvent<number>> {
  try {
    for (let payload = 0; payload < count; payload += 1) {
      await Promise.resolve();
      yield event(payload);
    }
  } finally {
    onEnd?.();
  }
}

/** A source that tells when it is asked for an event, and when it is told to stop. */
function sourceOf(story: unknown[], ...payloads: readonly number[]): AsyncIterable<BusEvent<number>> {
  const left = [...payloads];
  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        story.push('next');
        const payload = left.shift();
        return Promise.resolve(
          payload === undefined ? { done: true, value: undefined } : { done: false, value: event(payload) },
        );
      },
      return: () => {
        story.push('return');
        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

interface Fixture {
  readonly bus: SharingBus<number>;
  /** Payloads as they are published, and what sources tell. */
  readonly story: unknown[];
  readonly stop: (reason: unknown) => void;
  /** Connects a source, with a window of two unless told otherwise, and a signal that `stop` aborts. */
  readonly connect: (source: BusEventSource<number>, options?: ConnectOptions) => Promise<number>;
  /** Takes one event of the receiver that a flush waits for, where `isConsumed` is false. */
  readonly take: () => Promise<void>;
}

function setUp({
  onPublish,
  isConsumed = true,
}: { onPublish?: (bus: SharingBus<number>) => void; isConsumed?: boolean } = {}): Fixture {
  const bus = new SharingBus<number>();
  const story: unknown[] = [];
  const controller = new AbortController();
  bus.subscribeFiltered(
    EventFilter.where<number>(({ event: payload }) => {
      story.push(payload);
      onPublish?.(bus);
      return false;
    }),
  );
  const receiver = isConsumed ? undefined : bus.subscribeAll();
  return {
    bus,
    story,
    stop: (reason) => {
      controller.abort(reason);
    },
    connect: (source, options) => bus.connect(source, { window: 2, signal: controller.signal, ...options }),
    take: async () => {
      receiver?.tryRecv();
      await settle();
    },
  };
}

const messageOf = (error: unknown): string => (error as Error).message;

describe('connect', () => {
  it.each([
    ['an async iterable', () => source(500)],
    ['a web stream', () => ReadableStream.from(source(500))],
    [
      'a web stream that cannot be iterated',
      () => {
        const stream = ReadableStream.from(source(500));
        return { getReader: () => stream.getReader() } as ReadableStream<BusEvent<number>>;
      },
    ],
  ])('loses nothing of %s, however slow a receiver with room for the window is', async (_what, make) => {
    const bus = new SharingBus<number>();
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 8 });
    const taken: number[] = [];
    const consuming = (async () => {
      for await (const busEvent of receiver) {
        taken.push(busEvent.event);
        if (taken.length % 50 === 0) {
          await settle();
        }
      }
    })();
    expect(await bus.connect(make(), { window: 8 })).toBe(500);
    bus.close();
    await consuming;
    expect([taken, receiver.lagged]).toEqual([Array.from({ length: 500 }, (_, index) => index), 0]);
  });

  it.each([
    ['an async iterable', 64, () => source(1000)],
    ['an async iterable whose window is narrow', 1, () => source(1000)],
    ['an async iterable whose window is wide', 10_000, () => source(1000)],
    ['a web stream', 64, () => ReadableStream.from(source(1000))],
  ])('lets the other tasks of the process run after every 128 events of %s', async (_what, window, make) => {
    const bus = new SharingBus<number>();
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1000 });
    const consuming = (async () => {
      for await (const _ of receiver) {
        // As fast as it can.
      }
    })();
    const seen: number[] = [];
    let task: NodeJS.Immediate;
    const look = (): void => {
      seen.push(bus.stats().published);
      task = setImmediate(look);
    };
    task = setImmediate(look);
    expect(await bus.connect(make(), { window })).toBe(1000);
    clearImmediate(task);
    expect(seen).toEqual([128, 256, 384, 512, 640, 768, 896]);
    bus.close();
    await consuming;
  });

  it('costs a reader that is not waited for nothing, where it takes in each of its tasks what waits', async () => {
    const bus = new SharingBus<number>();
    const receiver = bus.subscribeAll();
    const taken: number[] = [];
    const reading = (async () => {
      while (bus.subscriberCount > 0 || taken.length < 1280) {
        await settle();
        taken.push(...(await collectAll(receiver)));
      }
    })();
    expect(await bus.connect(source(1280), { waitFor: [] })).toBe(1280);
    bus.close();
    await reading;
    expect([taken, receiver.lagged]).toEqual([Array.from({ length: 1280 }, (_, index) => index), 0]);
  });

  it('law 27: waits for no task of the process in virtual time', async () => {
    const bus = new SharingBus<number>({ scheduler: new VirtualTimeScheduler() });
    let tasks = 0;
    const task = setImmediate(() => (tasks += 1));
    expect([await bus.connect(source(1000), { waitFor: [] }), tasks]).toEqual([1000, 0]);
    clearImmediate(task);
  });

  it('waits for the receivers in waitFor; another receiver that takes nothing loses its own events', async () => {
    const bus = new SharingBus<number>();
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 8 });
    const absent = bus.subscribeFiltered(EventFilter.all, { capacity: 8 });
    const taken: number[] = [];
    const consuming = (async () => {
      for await (const busEvent of receiver) {
        await settle();
        taken.push(busEvent.event);
      }
    })();
    expect(await bus.connect(source(50), { window: 8, waitFor: [receiver] })).toBe(50);
    bus.close();
    await consuming;
    expect([taken.length, receiver.lagged, absent.lagged]).toEqual([50, 0, 42]);
  });

  it('publishes an Observable as it comes, and counts', async () => {
    const bus = new SharingBus<number>();
    const receiver = bus.subscribeFiltered(EventFilter.all, 3);
    const subject$ = new Subject<BusEvent<number>>();
    const connected = bus.connect(subject$, { window: 1 });
    [1, 2, 3, 4].forEach((payload) => {
      subject$.next(event(payload));
    });
    subject$.complete();
    expect([await connected, receiver.lagged]).toEqual([4, 1]);
  });

  it('rejects with the error of the source, with a malformed event, and with what is no source', async () => {
    const bus = new SharingBus<number>();
    async function* failing(): AsyncGenerator<BusEvent<number>> {
      await Promise.resolve();
      yield event(1);
      throw new Error('broken');
    }
    await expect(bus.connect(failing())).rejects.toThrow('broken');
    let ended = 0;
    async function* malformed(): AsyncGenerator<BusEvent<number>> {
      try {
        await Promise.resolve();
        yield { routing: {} } as never;
      } finally {
        ended += 1;
      }
    }
    await expect(bus.connect(malformed())).rejects.toThrow('routing.kind');
    await settle();
    expect(ended).toBe(1);
    await expect(bus.connect([event(1)] as never)).rejects.toThrow('connect: expected');
    await expect(bus.connect(failing(), { window: 0 })).rejects.toThrow(RangeError);
  });

  it.each([
    [
      'a generator',
      (told: () => void): AsyncIterable<BusEvent<number>> => ({
        [Symbol.asyncIterator]: () => ({
          next: () => new Promise<never>(() => undefined),
          return: () => {
            told();
            return new Promise<never>(() => undefined);
          },
        }),
      }),
    ],
    [
      'a stream',
      (told: () => void): ReadableStream<BusEvent<number>> => new ReadableStream<BusEvent<number>>({ cancel: told }),
    ],
    ['an Observable', (told: () => void): Observable<BusEvent<number>> => new Observable(() => told)],
  ])('tells %s that is idle, when the bus closes and at the signal', async (_what, make) => {
    let told = 0;
    function idle(): ReturnType<typeof make> {
      return make(() => (told += 1));
    }
    const bus = new SharingBus<number>();
    const controller = new AbortController();
    const aborted = bus.connect(idle(), { signal: controller.signal });
    const closed = bus.connect(idle());
    await settle();
    controller.abort(new Error('enough'));
    await expect(aborted).rejects.toThrow('enough');
    bus.close();
    expect(await closed).toBe(0);
    expect(await bus.connect(idle())).toBe(0);
    await settle();
    expect(told).toBeGreaterThanOrEqual(2);
  });

  it('reports the error of a source whose iterator is a poor one', async () => {
    const bus = new SharingBus<number>();
    const poor = (next: () => unknown, leave: () => unknown): AsyncIterable<BusEvent<number>> =>
      ({ [Symbol.asyncIterator]: () => ({ next, return: leave }) }) as never;
    const broken = (): never => {
      throw new Error('real');
    };
    await expect(bus.connect(poor(broken, () => ({})))).rejects.toThrow('real');
    await expect(bus.connect(poor(() => Promise.reject(new Error('real')), broken))).rejects.toThrow('real');
    expect(
      await bus.connect(
        poor(
          () => ({ done: true }),
          () => ({}),
        ),
      ),
    ).toBe(0);
  });
});

describe('connect and its windows', () => {
  it('asks for the next event when the one before is published, and for none while it waits for a flush', async () => {
    const { story, connect, take } = setUp({ isConsumed: false });
    const connected = connect(sourceOf(story, 1, 2, 3));
    await settle();
    expect(story).toEqual(['next', 1, 'next', 2]);
    await take();
    expect(story).toHaveLength(4);
    await take();
    expect([await connected, story.slice(4)]).toEqual([3, ['next', 3, 'next']]);
  });

  it('flushes after each event at a window of one, also after the last', async () => {
    const { story, connect, take } = setUp({ isConsumed: false });
    const connected = connect(sourceOf(story, 1, 2), { window: 1 });
    await settle();
    expect(story).toEqual(['next', 1]);
    await take();
    expect(story).toEqual(['next', 1, 'next', 2]);
    expect(await stateOf(connected)).toBe('pending');
    await take();
    expect(await connected).toBe(2);
  });

  it('never flushes for an Observable', async () => {
    const { story, connect } = setUp({ isConsumed: false });
    expect([await connect(of(event(1), event(2), event(3)), { window: 1 }), story]).toEqual([3, [1, 2, 3]]);
  });
});

describe('the end of a connection', () => {
  it('does not tell a source to stop that has ended by itself, and takes an empty one', async () => {
    const { story, connect } = setUp();
    expect([await connect(sourceOf(story)), story]).toEqual([0, ['next']]);
  });

  it('law 33: on a bus that is closed, resolves with 0, and tells the source to stop', async () => {
    const { bus, story, connect } = setUp();
    bus.close();
    expect([await connect(sourceOf(story, 1, 2, 3)), story]).toEqual([0, ['return']]);
  });

  it('law 33: when the bus is closed during a flush, resolves with what was published', async () => {
    const { bus, story, connect } = setUp({ isConsumed: false });
    const connected = connect(sourceOf(story, 1, 2, 3));
    await settle();
    bus.close();
    expect([await connected, story]).toEqual([2, ['next', 1, 'next', 2, 'return']]);
  });

  it('law 33: when an event closes the bus, has published that event', async () => {
    const { story, connect } = setUp({
      onPublish: (bus) => {
        bus.close();
      },
    });
    expect([await connect(sourceOf(story, 1, 2)), story]).toEqual([1, ['next', 1, 'return']]);
  });

  it.each([
    ['before it is answered', (stop: () => void, answer: () => void) => [stop, answer]],
    ['when it is answered', (stop: () => void, answer: () => void) => [answer, stop]],
    ['before the answer is seen', (stop: () => void, answer: () => void) => [answer, undefined, stop]],
  ])('publishes nothing that it has asked for where it is stopped %s', async (_when, order) => {
    const { story, stop, connect } = setUp();
    let answer: ((result: IteratorResult<BusEvent<number>>) => void) | undefined;
    const next = (): Promise<IteratorResult<BusEvent<number>>> =>
      new Promise((resolve) => {
        answer = resolve;
      });
    const connected = connect({ [Symbol.asyncIterator]: () => ({ next }) });
    const steps = order(
      () => {
        stop('reason');
      },
      () => answer?.({ done: false, value: event(1) }),
    );
    for (const step of steps) {
      if (step === undefined) {
        await Promise.resolve();
      } else {
        step();
      }
    }
    await expect(connected).rejects.toBe('reason');
    await settle();
    expect(story).toEqual([]);
  });

  it.each(['reason', 0, null, new Error('enough')])(
    'rejects with the reason of the signal, whatever that is: %p',
    async (reason) => {
      const { story, stop, connect } = setUp({ isConsumed: false });
      const pulling = connect(sourceOf(story, 1, 2, 3));
      const observing = connect(new Subject<BusEvent<number>>());
      await settle();
      stop(reason);
      await expect(pulling).rejects.toBe(reason);
      await expect(observing).rejects.toBe(reason);
      await expect(connect(sourceOf(story, 1))).rejects.toBe(reason);
    },
  );

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('too late');
      },
    ],
    ['rejects', () => Promise.reject(new Error('too late'))],
    ['never answers', () => new Promise(() => undefined)],
  ])('rejects with what publish threw, though the return of the source %s', async (_how, leave) => {
    const { connect } = setUp();
    const malformed = { routing: {}, origin: 'runtime', event: 1 };
    const source = {
      [Symbol.asyncIterator]: () => ({ next: () => ({ done: false, value: malformed }), return: leave }),
    };
    await expect(connect(source as never)).rejects.toThrow('routing.kind');
  });

  it('ends where an iterator says done by anything true, as `for await` does', async () => {
    const { story, connect } = setUp();
    const answers = [{ value: event(1) }, { done: 1, value: event(2) }];
    const source = { [Symbol.asyncIterator]: () => ({ next: () => Promise.resolve(answers.shift()) }) };
    expect([await connect(source as never), story]).toEqual([1, [1]]);
  });

  it.each<[string, (story: unknown[]) => BusEventSource<number>]>([
    ['an async iterable', (story) => sourceOf(story, 1, 2)],
    [
      'an async iterable that fails',
      () => ({ [Symbol.asyncIterator]: () => ({ next: () => Promise.reject(new Error()) }) }),
    ],
    ['a stream', () => ReadableStream.from([event(1), event(2)])],
    ['an Observable', () => of(event(1), event(2))],
  ])('law 34: leaves no listener on its signal: %s', async (_what, make) => {
    const { bus, story } = setUp();
    const { signal } = new AbortController();
    await Promise.allSettled([bus.connect(make(story), { window: 1, signal })]);
    await settle();
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('what a source fails with after the stop is not reported', async () => {
    const { stop, connect } = setUp();
    let fail: ((error: Error) => void) | undefined;
    const source = {
      [Symbol.asyncIterator]: () => ({
        next: () =>
          new Promise<never>((_, reject) => {
            fail = reject;
          }),
      }),
    };
    const unhandled = jest.fn();
    process.on('unhandledRejection', unhandled);
    const connected = connect(source);
    stop('reason');
    await expect(connected).rejects.toBe('reason');
    fail?.(new Error('later'));
    await settle();
    process.off('unhandledRejection', unhandled);
    expect(unhandled).not.toHaveBeenCalled();
  });
});

describe('connect with a stream', () => {
  it('reads it by a reader, and leaves it unlocked and cancelled', async () => {
    const { bus, story, connect } = setUp();
    const stream = new ReadableStream<BusEvent<number>>({
      start: (controller) => {
        controller.enqueue(event(1));
      },
      cancel: () => {
        story.push('cancelled');
      },
    });
    const connected = connect(stream);
    expect(stream.locked).toBe(true);
    await settle();
    bus.close();
    expect(await connected).toBe(1);
    await settle();
    expect([story, stream.locked]).toEqual([[1, 'cancelled'], false]);
  });

  it.each<[string, number | string, UnderlyingSource<BusEvent<number>>]>([
    [
      'that has ended',
      0,
      {
        pull: (controller) => {
          controller.close();
        },
      },
    ],
    [
      'that has failed',
      'broken',
      {
        pull: (controller) => {
          controller.error(new Error('broken'));
        },
      },
    ],
    ['that takes for ever to be cancelled', 0, { cancel: () => new Promise(() => undefined) }],
  ])('leaves a stream unlocked %s', async (_which, expected, source) => {
    const { bus, connect } = setUp();
    const stream = new ReadableStream(source);
    const connected = connect(stream).catch(messageOf);
    await settle();
    bus.close();
    expect(await connected).toBe(expected);
    await settle();
    expect(stream.locked).toBe(false);
  });

  it.each<[string, unknown, (controller: ReadableStreamDefaultController<BusEvent<number>>) => void]>([
    [
      'ends',
      2,
      (controller) => {
        controller.close();
      },
    ],
    [
      'fails',
      'broken',
      (controller) => {
        controller.error(new Error('broken'));
      },
    ],
  ])('publishes the last event of a stream that %s right behind it, and unlocks that', async (_how, expected, end) => {
    for (const isRead of [false, true]) {
      const { story, connect } = setUp();
      let controller: ReadableStreamDefaultController<BusEvent<number>> | undefined;
      const stream = new ReadableStream<BusEvent<number>>({
        start: (given) => {
          controller = given;
        },
      });
      const feed = (): void => {
        controller?.enqueue(event(1));
        controller?.enqueue(event(2));
      };
      if (!isRead) {
        feed();
      }
      const connected = connect(stream, { window: 10 }).catch(messageOf);
      await settle();
      if (isRead) {
        feed();
      }
      end(controller as ReadableStreamDefaultController<BusEvent<number>>);
      expect(await connected).toBe(expected);
      if (expected === 2) {
        expect(story).toEqual([1, 2]);
      }
      await settle();
      expect(stream.locked).toBe(false);
    }
  });

  it('publishes what a stream has that was closed before it is connected', async () => {
    const { story, connect } = setUp();
    const stream = new ReadableStream<BusEvent<number>>({
      start: (controller) => {
        controller.enqueue(event(1));
        controller.enqueue(event(2));
        controller.close();
      },
    });
    expect([await connect(stream, { window: 10 }), story, stream.locked]).toEqual([2, [1, 2], false]);
  });
});

describe('connect with an Observable', () => {
  it('leaves it when publish throws', async () => {
    const { connect } = setUp();
    const subject$ = new Subject<BusEvent<number>>();
    const connected = connect(subject$);
    subject$.next({ routing: {} } as never);
    await expect(connected).rejects.toThrow('routing.kind');
    expect(subject$.observed).toBe(false);
  });

  it('leaves it at the signal, and when the bus is closed, with the count', async () => {
    const stopped = setUp();
    const subject$ = new Subject<BusEvent<number>>();
    const aborted = stopped.connect(subject$);
    stopped.stop('reason');
    await expect(aborted).rejects.toBe('reason');
    const closed = setUp();
    const ended = closed.connect(subject$);
    subject$.next(event(2));
    closed.bus.close();
    expect([await ended, subject$.observed]).toEqual([1, false]);
  });

  it('does not subscribe to it on a bus that is closed', async () => {
    const { bus, story, connect } = setUp();
    bus.close();
    let subscriptions = 0;
    const source$ = new Observable<BusEvent<number>>((subscriber) => {
      subscriptions += 1;
      subscriber.next(event(1));
    });
    expect([await connect(source$), story, subscriptions]).toEqual([0, [], 0]);
  });

  it.each<[string, (subject$: Subject<BusEvent<number>>) => unknown]>([
    ['what has an Observable for others', (subject$) => ({ '@@observable': () => subject$ })],
    ['what has one by its symbol', (subject$) => ({ [SYMBOL]: () => subject$ })],
    [
      'what is subscribed to like one of the platform, and returns a subscription',
      (subject$) => ({ subscribe: (observer: Observer<BusEvent<number>>) => subject$.subscribe(observer) }),
    ],
  ])('takes %s, and leaves it at the end of the bus', async (_what, make) => {
    const { bus, story, connect } = setUp();
    const subject$ = new Subject<BusEvent<number>>();
    Object.defineProperty(Symbol, 'observable', { configurable: true, value: SYMBOL });
    const connected = connect(make(subject$) as never);
    Reflect.deleteProperty(Symbol, 'observable');
    subject$.next(event(1));
    expect(subject$.observed).toBe(true);
    bus.close();
    expect([await connected, story, subject$.observed]).toEqual([1, [1], false]);
  });

  it('rather pulls what can be pulled, and could be subscribed to as well', async () => {
    const { story, connect } = setUp();
    const both = {
      ...sourceOf(story, 1),
      subscribe: () => story.push('subscribed'),
      '@@observable': () => of(event(2)),
    };
    expect([await connect(both), story]).toEqual([1, ['next', 1, 'next']]);
  });

  it.each([
    [null, 'null'],
    [undefined, 'undefined'],
    [5, '5'],
    ['text', '"text"'],
    [{ next: 1 }, '{"next":1}'],
    [[1], '[1]'],
    [{ '@@observable': () => 5 }, '{}'],
  ])('refuses %p for a source, showing it', async (source, shown) => {
    await expect(setUp().connect(source as never)).rejects.toThrow(
      new TypeError(`connect: expected an async iterable, a stream or an Observable, got ${shown}`),
    );
  });
});

describe('connect with an Observable of the platform', () => {
  /** One that emits when it is told to, and tells when it is left. */
  function manual(story: unknown[]): {
    readonly source: NativeObservable<BusEvent<number>>;
    readonly subscriber: () => NativeSubscriber<BusEvent<number>>;
  } {
    const subscribers: NativeSubscriber<BusEvent<number>>[] = [];
    const source = new NativeObservable<BusEvent<number>>((subscriber) => {
      subscribers.push(subscriber);
      subscriber.addTeardown(() => story.push('left'));
    });
    return { source, subscriber: () => subscribers[0] as NativeSubscriber<BusEvent<number>> };
  }

  it('publishes and counts what it emits, and never waits for a flush', async () => {
    const { story, connect } = setUp({ isConsumed: false });
    const { source, subscriber } = manual(story);
    const connected = connect(source, { window: 1 });
    subscriber().next(event(1));
    subscriber().next(event(2));
    expect(story).toEqual([1, 2]);
    subscriber().complete();
    expect([await connected, source.reported]).toEqual([2, []]);
  });

  it('takes an Observable that emits everything at once, and one that emits nothing', async () => {
    const { story, connect } = setUp();
    const source = new NativeObservable<BusEvent<number>>((subscriber) => {
      subscriber.next(event(1));
      subscriber.next(event(2));
      subscriber.complete();
    });
    expect([await connect(source), story]).toEqual([2, [1, 2]]);
    const empty = new NativeObservable<BusEvent<number>>((subscriber) => {
      subscriber.complete();
    });
    expect(await connect(empty)).toBe(0);
  });

  it('rejects with its error, and with what it throws as it begins', async () => {
    const { story, connect } = setUp();
    const { source, subscriber } = manual(story);
    const connected = connect(source);
    subscriber().error(new Error('broken'));
    await expect(connected).rejects.toThrow('broken');
    const failing = new NativeObservable<BusEvent<number>>(() => {
      throw new Error('no beginning');
    });
    await expect(connect(failing)).rejects.toThrow('no beginning');
    expect(failing.reported).toEqual([]);
  });

  it('leaves it when publish throws, and reports nothing', async () => {
    const { story, connect } = setUp();
    const source = new NativeObservable<BusEvent<number>>((subscriber) => {
      subscriber.addTeardown(() => story.push('left'));
      subscriber.next({ routing: {} } as never);
      subscriber.next(event(2));
    });
    await expect(connect(source)).rejects.toThrow('routing.kind');
    expect([story, source.reported]).toEqual([['left'], []]);
  });

  it('leaves it by its signal at the stop, which rejects, and at the end of the bus', async () => {
    const stopped = setUp();
    const one = manual(stopped.story);
    const aborted = stopped.connect(one.source);
    one.subscriber().next(event(1));
    stopped.stop('reason');
    one.subscriber().next(event(2));
    await expect(aborted).rejects.toBe('reason');
    const closed = setUp();
    const other = manual(closed.story);
    const ended = closed.connect(other.source);
    other.subscriber().next(event(3));
    closed.bus.close();
    other.subscriber().next(event(4));
    expect([await ended, stopped.story, closed.story]).toEqual([1, [1, 'left'], [3, 'left']]);
  });
});
