import { describe, expect, it } from '@jest/globals';
import {
  concat,
  delay,
  EMPTY,
  from,
  NEVER,
  Observable,
  type ObservableInput,
  of,
  range,
  Subject,
  take,
  throwError,
  timer,
} from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type BusEvent, EventFilter, SharingBus, SlowConsumerError } from '../../lib/index.js';
import { collect } from '../support/collect.js';
import { survivors } from '../support/collectGarbage.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

function setUp(): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly publish: (...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler });
  return {
    bus,
    scheduler,
    publish: (...payloads) => {
      payloads.forEach((payload) => {
        bus.publish(event(payload));
      });
    },
  };
}

/** Work that a spec ends by hand. */
function work(): {
  readonly begun: number[];
  readonly left: number[];
  readonly work$: (busEvent: BusEvent<number>) => Observable<string>;
  readonly finish: (payload: number) => void;
} {
  const begun: number[] = [];
  const left: number[] = [];
  const ends = new Map<number, Subject<string>>();
  return {
    begun,
    left,
    work$: ({ event: payload }) => {
      begun.push(payload);
      const end$ = new Subject<string>();
      ends.set(payload, end$);
      return new Observable((subscriber) => {
        subscriber.add(end$.subscribe(subscriber));
        return () => {
          left.push(payload);
        };
      });
    },
    finish: (payload) => {
      ends.get(payload)?.next(`done ${payload}`);
      ends.get(payload)?.complete();
    },
  };
}

function waiting(bus: SharingBus<number>): unknown {
  return bus.stats().receivers.map((one) => [one.waiting, one.lagged]);
}

describe('stream with consume', () => {
  it('works on one event at a time, in order; the others wait in the bus, and lag there', () => {
    const { bus, scheduler, publish } = setUp();
    const { begun, work$, finish } = work();
    const { values, endings } = collect(bus.stream(EventFilter.all, { capacity: 2, consume: work$ }));
    publish(1);
    scheduler.flush();
    publish(2, 3, 4, 5);
    scheduler.flush();
    expect(begun).toEqual([1]);
    expect(waiting(bus)).toEqual([[2, 2]]);
    finish(1);
    scheduler.flush();
    expect(begun).toEqual([1, 2]);
    expect(waiting(bus)).toEqual([[1, 2]]);
    finish(2);
    scheduler.flush();
    finish(3);
    scheduler.flush();
    expect(values).toEqual(['done 1', 'done 2', 'done 3']);
    expect(endings).toEqual([]);
    expect(waiting(bus)).toEqual([[0, 2]]);
  });

  it('law 14: never runs on the stack of the publisher, nor on that of the end of the last one', () => {
    const { bus, scheduler, publish } = setUp();
    const { begun, work$, finish } = work();
    bus.stream(EventFilter.all, { consume: work$ }).subscribe();
    publish(1, 2);
    expect(begun).toEqual([]);
    scheduler.flush();
    finish(1);
    expect(begun).toEqual([1]);
    scheduler.flush();
    expect(begun).toEqual([1, 2]);
  });

  it('law 32: its receiver buffers from the subscription on, and not before', () => {
    const { bus, scheduler, publish } = setUp();
    const stream$ = bus.stream(EventFilter.all, { consume: ({ event: payload }) => [payload] });
    expect(bus.subscriberCount).toBe(0);
    publish(1);
    const { values } = collect(stream$);
    expect(bus.subscriberCount).toBe(1);
    publish(2);
    scheduler.flush();
    expect(values).toEqual([2]);
  });

  it.each<[string, () => Iterable<number> | Promise<number> | Observable<number> | AsyncIterable<number>, number[]]>([
    ['a promise', () => Promise.resolve(1), [1]],
    ['an observable', () => of(1, 2), [1, 2]],
    ['an array', () => [1, 2, 3], [1, 2, 3]],
    ['an empty observable', () => EMPTY, []],
    ['an async iterable', () => asyncRange(3), [0, 1, 2]],
    [
      'a web stream',
      () =>
        new ReadableStream<number>({
          start: (one) => {
            one.enqueue(7);
            one.close();
          },
        }),
      [7],
    ],
  ])('takes %s', async (_, result, expected) => {
    const bus = new SharingBus<number>();
    const { values, endings } = collect(bus.stream(EventFilter.all, { consume: result }));
    bus.publish(event(1));
    bus.publish(event(2));
    bus.close();
    while (endings.length === 0) {
      await new Promise(setImmediate);
    }
    expect(values).toEqual([...expected, ...expected]);
    expect(endings).toEqual(['complete']);
  });

  it('takes an async function', async () => {
    const bus = new SharingBus<number>();
    let running = 0;
    let most = 0;
    const consume = async ({ event: payload }: BusEvent<number>): Promise<number> => {
      running += 1;
      most = Math.max(most, running);
      await Promise.resolve();
      running -= 1;
      return payload;
    };
    const { values, endings } = collect(bus.stream(EventFilter.all, { consume }));
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    bus.close();
    while (endings.length === 0) {
      await new Promise(setImmediate);
    }
    expect({ values, most }).toEqual({ values: [1, 2, 3], most: 1 });
  });

  it.each<[string, () => Observable<never> | Promise<never>]>([
    [
      'throws',
      () => {
        throw new Error('no');
      },
    ],
    ['rejects', () => Promise.reject(new Error('no'))],
    ['gives an observable that errs', () => throwError(() => new Error('no'))],
  ])('ends with the error, and frees the slot, where consume %s', async (_, consume) => {
    const { bus, scheduler, publish } = setUp();
    const neighbour = bus.subscribeAll();
    const { endings } = collect(bus.stream(EventFilter.all, { consume }));
    publish(1, 2);
    scheduler.flush();
    await Promise.resolve();
    expect(endings).toEqual([new Error('no')]);
    expect(bus.subscriberCount).toBe(1);
    expect((await neighbour.recv())?.event).toBe(1);
    scheduler.flush();
    expect(scheduler.pending).toBe(0);
  });

  it('ends with a TypeError where consume returns nothing that can be subscribed to', () => {
    const { bus, scheduler, publish } = setUp();
    const { endings } = collect(bus.stream(EventFilter.all, { consume: (() => 7) as never }));
    publish(1);
    scheduler.flush();
    expect(endings).toEqual([expect.any(TypeError)]);
    expect(bus.subscriberCount).toBe(0);
  });

  it('refuses a consume that is no function, at the call, and uses no id', () => {
    const { bus } = setUp();
    expect(() => bus.stream(EventFilter.all, { consume: 7 as never })).toThrow(TypeError);
    expect(bus.subscribeAll().id).toBe(0);
  });

  it('waits for an inner observable that never completes, and the other receivers get everything', () => {
    const { bus, scheduler, publish } = setUp();
    const { values: others } = collect(bus.stream(EventFilter.all, { consume: ({ event: payload }) => [payload] }));
    const { values, endings } = collect(bus.stream(EventFilter.all, { capacity: 1, consume: () => NEVER }));
    publish(1);
    scheduler.flush();
    publish(2, 3);
    scheduler.flush();
    expect({ values, others, endings }).toEqual({ values: [], others: [1, 2, 3], endings: [] });
    expect(waiting(bus)).toEqual([
      [0, 0],
      [1, 1],
    ]);
  });

  it.each<[string, (scheduler: ManualScheduler, publish: (...payloads: number[]) => void) => void, number[]]>([
    ['before anything came', () => undefined, []],
    [
      'while one waits',
      (_, publish) => {
        publish(1);
      },
      [],
    ],
    [
      'while one is worked on',
      (scheduler, publish) => {
        publish(1, 2);
        scheduler.flush();
      },
      [1],
    ],
  ])('law 31: unsubscribing %s leaves the inner, frees the slot and leaves no timer', (_, before, expected) => {
    const { bus, scheduler, publish } = setUp();
    const { begun, left, work$ } = work();
    const { subscription } = collect(bus.stream(EventFilter.all, { consume: work$ }));
    before(scheduler, publish);
    subscription.unsubscribe();
    expect(left).toEqual(expected);
    expect(bus.subscriberCount).toBe(0);
    scheduler.flush();
    expect(scheduler.pending).toBe(0);
    expect(begun).toEqual(expected);
  });

  it('unsubscribing from within consume leaves what it returns', () => {
    const { bus, scheduler, publish } = setUp();
    const { left, work$ } = work();
    const subscription = bus
      .stream(EventFilter.all, {
        consume: (busEvent) => {
          subscription.unsubscribe();
          return work$(busEvent);
        },
      })
      .subscribe();
    publish(1, 2);
    scheduler.flush();
    expect(left).toEqual([1]);
    expect(bus.subscriberCount).toBe(0);
  });

  it('unsubscribing stops an inner that emits at once and without end', () => {
    const { bus, scheduler, publish } = setUp();
    let emitted = 0;
    const endless$ = new Observable<number>((subscriber) => {
      // Without the limit, a spec that fails would not end.
      while (!subscriber.closed && emitted < 1000) {
        emitted += 1;
        subscriber.next(emitted);
      }
    });
    const { values, endings } = collect(bus.stream(EventFilter.all, { consume: () => endless$ }).pipe(take(3)));
    publish(1, 2);
    scheduler.flush();
    expect({ values, endings, emitted }).toEqual({ values: [1, 2, 3], endings: ['complete'], emitted: 3 });
    expect(bus.subscriberCount).toBe(0);
    expect(scheduler.pending).toBe(0);
  });

  it('does not overflow the stack with 10,000 inners that complete at once', () => {
    const { bus, scheduler, publish } = setUp();
    let count = 0;
    bus.stream(EventFilter.all, { capacity: 10_000, consume: () => range(0, 2) }).subscribe(() => {
      count += 1;
    });
    publish(...Array.from({ length: 10_000 }, (_, index) => index));
    scheduler.flush();
    expect(count).toBe(20_000);
  });

  it('law 15: what consume publishes comes after what was published before', () => {
    const { bus, scheduler, publish } = setUp();
    const { values } = collect(
      bus.stream(EventFilter.all, {
        consume: ({ event: payload }) => {
          if (payload < 10) {
            publish(payload + 10);
          }
          return [payload];
        },
      }),
    );
    publish(1, 2);
    scheduler.flush();
    expect(values).toEqual([1, 2, 11, 12]);
  });

  it('law 26: takes one event in a turn', () => {
    const { bus, scheduler, publish } = setUp();
    const { values } = collect(bus.stream(EventFilter.all, { consume: ({ event: payload }) => [payload] }));
    publish(1, 2, 3);
    scheduler.turn();
    expect(values).toEqual([1]);
    scheduler.turn();
    expect(values).toEqual([1, 2]);
  });

  it('law 33: completes after the bus was closed, when what waited was worked on', () => {
    const { bus, scheduler, publish } = setUp();
    const { begun, work$, finish } = work();
    const { endings } = collect(bus.stream(EventFilter.all, { consume: work$ }));
    publish(1, 2);
    scheduler.flush();
    bus.close();
    scheduler.flush();
    finish(1);
    scheduler.flush();
    expect({ begun, endings: [...endings] }).toEqual({ begun: [1, 2], endings: [] });
    finish(2);
    scheduler.flush();
    expect(endings).toEqual(['complete']);
    expect(scheduler.pending).toBe(0);
  });

  it('completes at once after the end of the bus, when the scheduler says so', () => {
    const { bus, scheduler } = setUp();
    bus.close();
    const { endings } = collect(bus.stream(EventFilter.all, { consume: () => EMPTY }));
    scheduler.flush();
    expect(endings).toEqual(['complete']);
  });

  it('works on what waits, then ends with the error of its own policy', () => {
    const { bus, scheduler, publish } = setUp();
    const stream$ = bus.stream(EventFilter.all, {
      capacity: 2,
      overflow: 'evict',
      consume: ({ event: payload }) => [payload],
    });
    const { values, endings } = collect(stream$);
    publish(1, 2, 3);
    scheduler.flush();
    expect(values).toEqual([1, 2]);
    expect(endings).toEqual([new SlowConsumerError(0, 2, 1, 0)]);
  });

  it('each subscription has a receiver and work of its own', () => {
    const { bus, scheduler, publish } = setUp();
    const stream$ = bus.stream(EventFilter.all, { consume: ({ event: payload }) => [payload] });
    const first = collect(stream$);
    const second = collect(stream$);
    publish(1);
    first.subscription.unsubscribe();
    scheduler.flush();
    expect([first.values, second.values]).toEqual([[], [1]]);
    expect(bus.subscriberCount).toBe(1);
  });

  it('a flush waits for what was published before to be taken', async () => {
    const { bus, scheduler, publish } = setUp();
    const { work$, finish } = work();
    bus.stream(EventFilter.all, { consume: work$ }).subscribe();
    publish(1, 2);
    let isFlushed = false;
    void bus.flush().then(() => {
      isFlushed = true;
    });
    scheduler.flush();
    await new Promise(setImmediate);
    expect(isFlushed).toBe(false);
    finish(1);
    scheduler.flush();
    await new Promise(setImmediate);
    expect(isFlushed).toBe(true);
  });

  it('law 27: passes in TestScheduler.run, with the same drops', () => {
    const testScheduler = new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    });
    testScheduler.run(({ cold, expectObservable }) => {
      const bus = new SharingBus<string>();
      const done$ = bus.stream(EventFilter.all, {
        capacity: 1,
        consume: ({ event: payload }) => of(payload).pipe(delay(4)),
      });
      //  a is worked on from 1 to 5, b waits, c is lost, d waits from 7 to 9
      cold('-abc---d---|').subscribe({
        next: (payload) => {
          bus.publish(event(payload));
        },
        complete: () => {
          bus.close();
        },
      });
      expectObservable(done$).toBe('-----a---b---(d|)');
    });
  });

  it('law 34: retains no event, inner or consumer when it was left', async () => {
    const bus = new SharingBus<object>();
    const refs = await (async (): Promise<WeakRef<object>[]> => {
      const inners = [timer(1_000_000), new Observable()];
      const handlers = { next: (): void => undefined };
      function consume(): ObservableInput<unknown> {
        return concat(...inners);
      }
      const consumer = bus.stream(EventFilter.all, { consume }).subscribe(handlers);
      const payloads = [{}, {}, {}];
      payloads.forEach((payload) => {
        bus.publish(event(payload));
      });
      await new Promise(setImmediate);
      consumer.unsubscribe();
      return [...inners, handlers, consume, ...payloads].map((one) => new WeakRef<object>(one));
    })();
    expect(await survivors(refs)).toBe(0);
    expect(bus.subscriberCount).toBe(0);
  });

  it('law 34: retains nothing of what it has worked on', async () => {
    const bus = new SharingBus<object>();
    const subscription = bus.stream(EventFilter.all, { consume: () => from(Promise.resolve({})) }).subscribe();
    const refs = [1, 2, 3].map(() => {
      const payload = {};
      bus.publish(event(payload));
      return new WeakRef(payload);
    });
    for (let turn = 0; turn < 5; turn += 1) {
      await new Promise(setImmediate);
    }
    expect(await survivors(refs)).toBe(0);
    expect(subscription.closed).toBe(false);
    expect(bus.subscriberCount).toBe(1);
  });
});

async function* asyncRange(count: number): AsyncGenerator<number> {
  for (let value = 0; value < count; value += 1) {
    yield await Promise.resolve(value);
  }
}
