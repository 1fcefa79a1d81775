import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import { asapScheduler, config, map, Subscription, VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  type BusReceiver,
  type Delivery,
  EventFilter,
  ReceiverBusyError,
  SharingBus,
  SlowConsumerError,
} from '../../lib/index.js';
import { collect } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

/** Deliveries in short: payloads, and for a gap the number that it misses in brackets. */
const row = (deliveries: readonly Delivery<number>[]): string =>
  deliveries.map((one) => (one.type === 'event' ? `${one.event.event}` : `[${one.missed}]`)).join(' ');

function setUp(options: ReceiverOptions<number> = { capacity: 1 }): {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly receiver: BusReceiver<number>;
  readonly publish: (...payloads: number[]) => void;
} {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler });
  const receiver = bus.subscribeFiltered(EventFilter.all, options);
  const publish = (...payloads: number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload));
    });
  };
  return { bus, scheduler, receiver, publish };
}

describe('deliveries$', () => {
  it('tells a gap in the turn that makes room behind it, and before the completion', () => {
    const { scheduler, receiver, publish } = setUp();
    const { values, endings } = collect(receiver.deliveries$);
    publish(1, 2);
    scheduler.turn();
    expect(row(values)).toBe('1 [1]');
    publish(3, 4, 5);
    receiver.close();
    scheduler.flush();
    expect([row(values), endings]).toEqual(['1 [1] 3 [2]', ['complete']]);
  });

  it('emits a gap before the error of a receiver that is evicted', () => {
    const { bus, scheduler, receiver, publish } = setUp({ capacity: 2, overflow: 'evict' });
    const { values, endings } = collect(receiver.deliveries$);
    publish(1, 2, 3, 4);
    scheduler.flush();
    expect([row(values), endings, bus.subscriberCount]).toEqual(['1 2 [1]', [new SlowConsumerError(0, 2, 1, 0)], 0]);
  });

  it('emits a gap before the error of a receiver that stalled, also if it is pulled', async () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const make = (): BusReceiver<number> =>
      bus.subscribeFiltered(EventFilter.all, { capacity: 2, stallAfterMs: 50, name: 'slow' });
    const [watched, pulled] = [make(), make()];
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload));
    });
    scheduler.flush();
    expect(bus.subscriberCount).toBe(0);
    const { values, endings } = collect(watched.deliveries$);
    scheduler.flush();
    expect([row(values), endings]).toEqual(['1 2 [1]', [new SlowConsumerError(0, 2, 1, 50)]]);
    const taken = [await pulled.deliveries.recv(), await pulled.deliveries.recv(), await pulled.deliveries.recv()];
    expect(row(taken as Delivery<number>[])).toBe('1 2 [1]');
    await expect(pulled.deliveries.recv()).rejects.toThrow(SlowConsumerError);
    expect(await pulled.deliveries.recv()).toBeUndefined();
  });

  it.each([1, 64])('tells what was lost before it was subscribed to, or closed (capacity %i)', (capacity) => {
    const { bus, scheduler, receiver, publish } = setUp({ capacity });
    const closed = bus.subscribeFiltered(EventFilter.all, capacity);
    publish(...Array.from({ length: capacity + 3 }, (_, index) => index));
    closed.close();
    publish(-1);
    const all = [receiver, closed].map(({ deliveries$ }) => collect(deliveries$));
    scheduler.flush();
    expect(all.map(({ values }) => row(values.slice(capacity)))).toEqual(['[4]', '[3]']);
    expect(all.map(({ endings }) => endings)).toEqual([[], ['complete']]);
  });

  it('tells a gap that nothing follows when everything else was pulled, in a turn', async () => {
    const { bus, scheduler, receiver, publish } = setUp();
    const open = bus.subscribeFiltered(EventFilter.all, 1);
    publish(1, 2);
    await receiver.recv();
    await open.recv();
    receiver.close();
    const all = [receiver, open].map(({ deliveries$ }) => collect(deliveries$));
    expect(all.map(({ values }) => row(values))).toEqual(['', '']);
    scheduler.flush();
    expect(all.map(({ values, endings }) => [row(values), endings])).toEqual([
      ['[1]', ['complete']],
      ['[1]', []],
    ]);
    await bus.flush();
  });

  it.each<[string, (receiver: BusReceiver<number>) => unknown]>([
    ['events$', ({ events$ }) => events$.subscribe()],
    ['deliveries$', ({ deliveries$ }) => deliveries$.subscribe()],
    ['recv', (receiver) => receiver.recv()],
    ['deliveries.recv', ({ deliveries }) => deliveries.recv()],
  ])('law 32: there is one consumer at a time: beside %s, no other', async (how, consume) => {
    const { scheduler, receiver, publish } = setUp();
    const first = consume(receiver);
    expect(collect(receiver.deliveries$).endings).toEqual([new ReceiverBusyError(0)]);
    if (how.endsWith('$')) {
      await expect(receiver.deliveries.recv()).rejects.toThrow(ReceiverBusyError);
    } else {
      publish(1);
      scheduler.flush();
      expect(await first).toBeDefined();
      const { values } = collect(receiver.deliveries$);
      publish(2);
      scheduler.flush();
      expect(row(values)).toBe('2');
    }
  });

  it.each([
    ['an event', 'event', '1'],
    ['a gap', 'gap', '1 [1]'],
  ])('law 31: unsubscribing, and disposing, in the handler of %s ends it there', (_what, type, expected) => {
    const { bus, scheduler, publish } = setUp();
    const left: string[] = [];
    const rows = ['unsubscribe', 'dispose'].map((how) => {
      const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, overflow: 'latest', key: () => how });
      const values: Delivery<number>[] = [];
      const subscription = receiver.deliveries$.subscribe({
        next: (one) => {
          values.push(one);
          if (one.type === type) {
            if (how === 'dispose') {
              receiver[Symbol.dispose]();
            } else {
              subscription.unsubscribe();
            }
          }
        },
        complete: () => left.push(how),
      });
      return values;
    });
    publish(1);
    scheduler.flush();
    publish(2, 3);
    scheduler.flush();
    publish(4, 5);
    scheduler.flush();
    expect(rows.map(row)).toEqual([expected, expected]);
    expect([left, bus.subscriberCount]).toEqual([['dispose'], 1]);
    // The third one is nobody's: it was forgotten with what waited.
    expect(bus.stats().delivered).toBe(2);
  });

  it('law 14: a consumer whose next throws at a gap is given the rest, and each error is reported', async () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(String(error));
    const rows = (['drop-oldest', 'drop-newest'] as const).map((overflow) => {
      const { scheduler, receiver, publish } = setUp({ capacity: 1, overflow });
      const values: Delivery<number>[] = [];
      // RxJS contains nothing of what looks like its own Subscriber.
      const raw = Object.assign(new Subscription(), {
        next: (one: Delivery<number>): void => {
          values.push(one);
          if (one.type === 'gap') {
            throw new Error(overflow);
          }
        },
        error: (): void => undefined,
        complete: (): void => undefined,
      });
      receiver.deliveries$.subscribe(raw);
      publish(1, 2);
      scheduler.flush();
      publish(3);
      scheduler.flush();
      return row(values);
    });
    await new Promise((resolve) => {
      asapScheduler.schedule(resolve, 5);
    });
    config.onUnhandledError = null;
    expect([rows, reported]).toEqual([
      ['[1] 2 3', '1 [1] 3'],
      ['Error: drop-oldest', 'Error: drop-newest'],
    ]);
  });

  it('law 15: what the handler of a gap publishes comes after it, and its own losses in their place', () => {
    const { scheduler, receiver, publish } = setUp();
    const values: Delivery<number>[] = [];
    receiver.deliveries$.subscribe((one) => {
      values.push(one);
      if (one.type === 'gap' && values.length < 6) {
        publish(10, 11, 12);
      }
    });
    publish(1, 2);
    scheduler.turn();
    expect(row(values)).toBe('1 [1]');
    scheduler.flush();
    expect([row(values), receiver.lagged]).toEqual(['1 [1] 10 [2] 10 [2]', 5]);
  });

  it('law 26: what the handler of an event loses is told behind what waits, not at the end of its turn', () => {
    const { scheduler, receiver, publish } = setUp();
    const values: Delivery<number>[] = [];
    receiver.deliveries$.subscribe((one) => {
      values.push(one);
      if (one.type === 'event' && one.event.event === 1) {
        publish(2, 3);
      }
    });
    publish(1);
    scheduler.flush();
    expect(row(values)).toBe('1 2 [1]');
  });

  it('law 21: the event behind a gap is in hand when the gap is told', () => {
    const { scheduler, receiver, publish } = setUp({ capacity: 1, overflow: 'drop-oldest' });
    const values: Delivery<number>[] = [];
    receiver.deliveries$.subscribe((one) => {
      values.push(one);
      if (one.type === 'gap' && values.length === 1) {
        publish(3, 4);
      }
    });
    publish(1, 2);
    scheduler.flush();
    expect(row(values)).toBe('[1] 2 [1] 4');
  });

  it('tells 64 kinds in a gap apart, and counts the rest together', () => {
    const { bus, scheduler, receiver } = setUp();
    const neighbour = bus.subscribeFiltered(EventFilter.all, 64);
    const all = [receiver, neighbour].map(({ deliveries$ }) => collect(deliveries$));
    for (let index = 0; index < 64 + 70; index += 1) {
      bus.publish(event(index, { kind: index < 64 ? 'first' : `kind ${index}` }));
    }
    // One that is known stays so.
    bus.publish(event(-1, { kind: 'kind 64' }));
    scheduler.flush();
    const gaps = all.map(({ values }) => values.find((one) => one.type === 'gap'));
    expect(gaps.map((gap) => [gap?.missed, Object.keys(gap?.byKind ?? {}).length, gap?.byKind['*']])).toEqual([
      [63 + 71, 65, 7],
      [71, 65, 6],
    ]);
    expect(gaps.map((gap) => gap?.byKind['kind 64'])).toEqual([2, 2]);
  });

  it('law 25: receivers that are full together, and have room again at different times, each get their own gaps', async () => {
    const { bus, scheduler, publish } = setUp({ capacity: 5_000 });
    const make = (capacity: number): BusReceiver<number> => bus.subscribeFiltered(EventFilter.kind('k', 'l'), capacity);
    const [small, large, other] = [make(1), make(64), make(70)];
    const publishKinds = (kind: string, count: number): void => {
      for (let index = 0; index < count; index += 1) {
        bus.publish(event(index, { kind }));
      }
    };
    const single = bus.subscribeFiltered(EventFilter.kind('l'), 1);
    const twin = bus.subscribeFiltered(EventFilter.kind('l'), 2);
    publishKinds('k', 66);
    publishKinds('l', 10);
    publish(1);
    expect([await small.deliveries.recv(), await small.deliveries.recv()]).toMatchObject([
      { type: 'event' },
      { missed: 75, byKind: { k: 65, l: 10 } },
    ]);
    expect([await single.deliveries.recv(), await single.deliveries.recv()]).toMatchObject([
      { type: 'event' },
      { missed: 9, byKind: { l: 9 } },
    ]);
    publishKinds('l', 5);
    const all = [small, large, other, single, twin].map(({ deliveries$ }) => collect(deliveries$));
    scheduler.flush();
    expect(all.map(({ values }) => values.filter((one) => one.type === 'gap').map(({ byKind }) => byKind))).toEqual([
      [{ l: 4 }],
      [{ k: 2, l: 15 }],
      [{ l: 11 }],
      [{ l: 4 }],
      [{ l: 13 }],
    ]);
  });

  it('law 27: hops through the scheduler, so virtual time has the same gaps', () => {
    new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    }).run(({ cold, expectObservable }) => {
      const bus = new SharingBus<string>({ scheduler: asapScheduler });
      const receiver = bus.subscribeFiltered(EventFilter.all, 2);
      expectObservable(
        receiver.deliveries$.pipe(map((one) => (one.type === 'event' ? one.event.event : one.missed))),
      ).toBe('(abx)(dey)--|', { a: 'a', b: 'b', x: 1, d: 'd', e: 'e', y: 2 });
      cold('(abc)(defg)-|').subscribe({
        next: (payload) => {
          bus.publish(event(payload));
        },
        complete: () => {
          bus.close();
        },
      });
    });
  });
});

describe('deliveries', () => {
  it('answers overlapping calls in their order, a gap as one of them', async () => {
    const { scheduler, receiver, publish } = setUp();
    const { deliveries } = receiver;
    const pulled = [deliveries.recv(), deliveries.recv(), deliveries.recv()];
    publish(1, 2, 3);
    scheduler.flush();
    publish(4);
    scheduler.flush();
    expect(row((await Promise.all(pulled)) as Delivery<number>[])).toBe('1 [2] 4');
  });

  it('recv of the receiver passes gaps over', async () => {
    const { receiver, publish } = setUp();
    publish(1, 2);
    expect((await receiver.recv())?.event).toBe(1);
    publish(3, 4);
    expect((await receiver.recv())?.event).toBe(3);
    expect(await receiver.deliveries.recv()).toEqual({ type: 'gap', missed: 1, byKind: { test: 1 } });
  });

  it('a call that waits for an event is not answered with a gap, nor are the calls behind it', async () => {
    const { scheduler, receiver, publish } = setUp();
    publish(1, 2);
    await receiver.recv();
    const pulled = [receiver.recv(), receiver.deliveries.recv()];
    receiver.close();
    scheduler.flush();
    expect(await Promise.all(pulled)).toEqual([undefined, { type: 'gap', missed: 1, byKind: { test: 1 } }]);
  });

  it('toReadableStream reads gaps in their place, and keeps none', async () => {
    const { receiver, publish } = setUp();
    const reader = receiver.deliveries.toReadableStream().getReader();
    publish(1, 2);
    const read = [(await reader.read()).value, (await reader.read()).value];
    publish(3, 4);
    receiver.close();
    read.push((await reader.read()).value, (await reader.read()).value);
    expect(row(read as Delivery<number>[])).toBe('1 [1] 3 [1]');
    expect(await reader.read()).toEqual({ done: true, value: undefined });
  });

  it('law 31: leaving a loop, at a gap too, and cancelling the stream free the slot', async () => {
    const { bus, receiver, publish } = setUp();
    const canceled = bus.subscribeAll();
    publish(1, 2);
    const taken: Delivery<number>[] = [];
    for await (const delivery of receiver.deliveries) {
      taken.push(delivery);
      if (delivery.type === 'gap') {
        break;
      }
    }
    expect([row(taken), bus.subscriberCount]).toEqual(['1 [1]', 1]);
    await canceled.deliveries.toReadableStream().cancel();
    expect(bus.subscriberCount).toBe(0);
    expect(await receiver.deliveries.recv()).toBeUndefined();
  });

  it('law 31: what is missing is forgotten with what waits', async () => {
    const { receiver, publish } = setUp();
    publish(1, 2);
    receiver[Symbol.dispose]();
    expect([await receiver.deliveries.recv(), receiver.lagged]).toEqual([undefined, 1]);
    expect(collect(receiver.deliveries$).endings).toEqual(['complete']);
  });
});
