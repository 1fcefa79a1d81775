import type { ReceiverOptions, SharingBusOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import { map, queueScheduler, VirtualTimeScheduler } from 'rxjs';
import {
  type BusEvent,
  type BusPosition,
  type BusReceiver,
  type Delivery,
  EventFilter,
  SharingBus,
  SlowConsumerError,
} from '../../lib/index.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { survivors } from '../support/collectGarbage.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';
import { waysToClose } from '../support/waysToClose.js';

interface Setting {
  readonly bus: SharingBus<number>;
  readonly scheduler: ManualScheduler;
  readonly publish: (...payloads: number[]) => void;
  /** The same, of another kind than `publish` has. */
  readonly publishOther: (...payloads: number[]) => void;
}

function busOf(capacity = 100, options: SharingBusOptions<number> = {}): Setting {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<number>({ scheduler, history: { capacity }, ...options });
  const publishAs = (kind: string, payloads: readonly number[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload, { kind }));
    });
  };
  return {
    bus,
    scheduler,
    publish: (...payloads) => {
      publishAs('k', payloads);
    },
    publishOther: (...payloads) => {
      publishAs('other', payloads);
    },
  };
}

const ofKind = EventFilter.kind('k') as EventFilter<number>;

/** Deliveries, as short as can be: payloads, and gaps in brackets, with `<=` where they are vague. */
function shown(deliveries: readonly Delivery<number>[]): string {
  return deliveries
    .map((one) => (one.type === 'event' ? String(one.event.event) : `[${one.atMost ? '<=' : ''}${one.missed}]`))
    .join(' ');
}

async function settled(promise: Promise<unknown>): Promise<boolean> {
  let isSettled = false;
  void promise.then(() => {
    isSettled = true;
  });
  for (let round = 0; round < 10; round += 1) {
    await Promise.resolve();
  }
  return isSettled;
}

describe('a receiver that catches up', () => {
  it('counts nothing that it did not get, if it is disposed meanwhile', () => {
    const { bus, scheduler, publish } = busOf(8);
    publish(1, 2, 3, 4, 5);
    for (const isClosed of [false, true]) {
      const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, from: 'start' });
      if (isClosed) {
        receiver.close();
      }
      receiver[Symbol.dispose]();
      scheduler.flush();
      expect([bus.stats().delivered, bus.stats().dropped, receiver.lagged, bus.subscriberCount]).toEqual([0, 0, 0, 0]);
    }
    publish(...Array.from({ length: 20 }, (_, n) => n));
    expect(bus.stats().dropped).toBe(0);
  });

  it.each<[string, (receiver: BusReceiver<number>, publish: (...payloads: number[]) => void) => void]>([
    ['at once', () => undefined],
    [
      'after its close',
      (receiver) => {
        receiver.close();
      },
    ],
    [
      'after a pull',
      (receiver) => {
        receiver.tryRecv();
      },
    ],
    [
      'after an event that it had not read was dropped',
      (_receiver, publish) => {
        publish(6, 7, 8, 9, 10);
      },
    ],
    [
      'after it has read all',
      (receiver) => {
        while (receiver.tryRecv().type === 'event');
      },
    ],
  ])('law 34: the history does not hold a receiver that is disposed: %s', async (_when, act) => {
    const { bus, publish } = busOf(5);
    publish(1, 2, 3, 4, 5);
    const ref = ((): WeakRef<object> => {
      const predicate = (): boolean => true;
      const receiver = bus.subscribeFiltered(EventFilter.where(predicate), { capacity: 2, from: 'start' });
      act(receiver, publish);
      receiver[Symbol.dispose]();
      return new WeakRef(predicate);
    })();
    expect(await survivors([ref])).toBe(0);
    publish(11);
  });

  it('stats() knows what it had lost, if it is disposed meanwhile', () => {
    const { bus, publish } = busOf(2);
    publish(1, 2);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    publish(3, 4);
    receiver.close();
    receiver[Symbol.dispose]();
    expect([receiver.lagged, bus.stats().dropped]).toEqual([1, 1]);
  });

  it('has nothing left that was not overtaken, and misses nothing of what comes then', () => {
    const { bus, scheduler, publish, publishOther } = busOf(2);
    publish(1, 2);
    const receiver = bus.subscribeFiltered(ofKind, { capacity: 1, from: 'start' });
    publishOther(0, 0);
    publish(5);
    publishOther(0, 0);
    const { values } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), receiver.lagged]).toEqual(['1 [2]', 2]);
    publish(8);
    scheduler.flush();
    expect(shown(values)).toBe('1 [2] 8');
  });

  it('gets what it has in hand, where its predicate throws for the next (law 16)', () => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3);
    const choosy = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 3) {
        throw new Error('no three');
      }
      return true;
    });
    const receiver = bus.subscribeFiltered(choosy, { capacity: 5, from: 'start' });
    expect(bus.subscriberCount).toBe(0);
    const { values, endings } = collectPayloads(receiver.events$);
    scheduler.flush();
    expect([values, endings]).toEqual([[1, 2], [new Error('no three')]]);
    expect(bus.stats().delivered).toBe(2);
  });

  it('has a predicate that publishes, in a turn: the history stays as it is until that one has answered (law 15)', () => {
    const { bus, scheduler, publish } = busOf(4);
    publish(1, 2, 3, 4);
    let more = 10;
    const chatty = EventFilter.where<number>(({ event: payload }) => {
      if (payload < 10 && payload > 1 && more < 14) {
        publish((more += 1), (more += 1));
      }
      return true;
    });
    const receiver = bus.subscribeFiltered(chatty, { capacity: 1, from: 'start' });
    const { values } = collect(receiver.deliveries$);
    scheduler.flush();
    const events = values.filter((one) => one.type === 'event').map((one) => one.event.seq ?? 0);
    expect(events).toEqual([...events].sort((one, other) => one - other));
    expect(new Set(events).size).toBe(events.length);
    expect(events.length + receiver.lagged).toBe(bus.position?.seq);
    const missed = values.reduce((sum, one) => sum + (one.type === 'gap' ? one.missed : 0), 0);
    expect(missed).toBe(receiver.lagged);
  });

  it('has a predicate that publishes so much, in a turn, that the event it is asked about goes: afterwards', () => {
    const { bus, scheduler, publish } = busOf(3);
    publish(1, 2, 3);
    let isCalm = true;
    const chatty = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 3 && !isCalm) {
        isCalm = true;
        publish(4, 5, 6);
      }
      return true;
    });
    const { values } = collect(bus.subscribeFiltered(chatty, { capacity: 1, from: 'start' }).deliveries$);
    isCalm = false;
    scheduler.flush();
    expect(shown(values)).toBe('1 2 [1] 4 5 6');
  });

  it('counts what it lost before its predicate threw, in the bus as in itself', () => {
    const { bus, publish } = busOf(2);
    const choosy = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 4) {
        throw new Error('no four');
      }
      return true;
    });
    publish(1, 2);
    const receiver = bus.subscribeFiltered(choosy, { capacity: 1, from: 'start' });
    publish(4, 5);
    expect(bus.subscriberCount).toBe(0);
    expect([receiver.lagged, bus.stats().dropped]).toEqual([1, 1]);
  });

  it('law 28: begins to lag at the event for which there is no room, though it joined with its queue half full', () => {
    const { lines, logger } = recordingLogger();
    const { bus, scheduler, publish, publishOther } = busOf(1000, { logger });
    publish(...Array.from({ length: 95 }, (_, n) => n));
    bus.subscribeFiltered(ofKind, { capacity: 100, from: 'start' });
    collectPayloads(bus.stream(EventFilter.all, { capacity: 1000 }));
    publishOther(1, 2, 3);
    scheduler.flush();
    publish(1, 2, 3, 4, 5);
    expect(lines).toHaveLength(0);
    publish(6);
    expect(lines).toHaveLength(1);
  });

  it('law 28: begins to lag by what latest replaces while it reads, and the bus counts that', () => {
    const { lines, logger } = recordingLogger();
    const { bus, publish } = busOf(9, { logger });
    publish(1, 2, 3, 4);
    const receiver = bus.subscribeFiltered(EventFilter.all, {
      capacity: 2,
      overflow: 'latest',
      key: () => 'one',
      from: 'start',
    });
    expect(lines).toEqual([expect.stringMatching(/^warn: sharing-bus: receiver 0 begins to lag/)]);
    receiver.close();
    expect([receiver.lagged, bus.stats().dropped]).toEqual([3, 3]);
  });

  it('is told of by explain() and stats()', () => {
    const { bus, publish } = busOf();
    publish(1, 2, 3);
    bus.subscribeFiltered(ofKind, { capacity: 1, from: 'start', name: 'late' });
    expect(bus.explain(event(4, { kind: 'k' }))).toEqual([
      { id: 0, name: 'late', matches: true, drops: false, why: 'it would wait in the history behind 1 others' },
    ]);
    expect(bus.stats().receivers).toMatchObject([
      { id: 0, name: 'late', filter: ofKind, capacity: 1, waiting: 1, highWaterMark: 1, delivered: 0, lagged: 0 },
    ]);
  });

  it('answers several calls at once, one event each, at a capacity of 1', async () => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(ofKind, { capacity: 1, from: 'start' });
    const asked = [receiver.recv(), receiver.recv(), receiver.recv(), receiver.recv()];
    scheduler.flush();
    publish(4);
    scheduler.flush();
    expect((await Promise.all(asked)).map((busEvent) => busEvent?.event)).toEqual([1, 2, 3, 4]);
  });

  it('delivers no more in a turn than it has room for, whatever its consumer publishes', () => {
    const { bus, scheduler, publish } = busOf(50);
    publish(1, 2, 3, 4, 5, 6, 7);
    const turns: number[][] = [[]];
    bus.stream(EventFilter.all, { capacity: 3, from: 'start' }).subscribe(({ event: payload }) => {
      turns.at(-1)?.push(payload);
      if (payload < 10) {
        publish(payload + 10);
      }
    });
    while (scheduler.turn() > 0) {
      turns.push([]);
    }
    expect(turns.map(({ length }) => length)).toEqual([3, 3, 3, 3, 2, 0]);
    expect(turns.flat()).toEqual([1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 14, 15, 16, 17]);
  });

  it('keeps up with a consumer that publishes for ever: a turn is bounded, the bus goes on', () => {
    const { bus, scheduler, publish } = busOf(4);
    publish(1, 2, 3);
    let count = 0;
    const consumer = bus.stream(EventFilter.all, { capacity: 1, from: 'start' }).subscribe(() => {
      count += 1;
      publish(9);
    });
    for (let turn = 1; turn <= 20; turn += 1) {
      scheduler.turn();
      expect(count).toBe(turn);
    }
    consumer.unsubscribe();
    scheduler.flush();
    expect([count, bus.subscriberCount]).toEqual([20, 0]);
  });

  it('has a scheduler that runs its actions at once', () => {
    const { bus, publish } = busOf(100, { scheduler: queueScheduler });
    publish(1, 2, 3, 4);
    const { values } = collectPayloads(bus.stream(EventFilter.all, { capacity: 1, from: 'start' }));
    publish(5, 6);
    expect(values).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('ends under evict with what it is too slow for, and under latest keeps the newest of each key', () => {
    const { bus, scheduler, publish } = busOf(2);
    publish(1, 2);
    const evicted = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start', overflow: 'evict' });
    publish(3, 4);
    const { values, endings } = collectPayloads(evicted.events$);
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(endings[0]).toBeInstanceOf(SlowConsumerError);
    const key = ({ event: payload }: BusEvent<number>): number => payload % 2;
    const latest = busOf();
    latest.publish(1, 2, 3, 4, 5);
    const options = { capacity: 3, from: 'start', overflow: 'latest', key } as const;
    const receiver = latest.bus.subscribeFiltered(EventFilter.all, options);
    const seen = collect(receiver.deliveries$).values;
    latest.scheduler.flush();
    expect([shown(seen), receiver.lagged]).toEqual(['[2] 5 [1] 4', 3]);
  });
});

describe('what a predicate does while the history is read', () => {
  it('a predicate disposes another receiver that is overtaken by the same event, and its own', () => {
    const { bus, scheduler, publish } = busOf(2);
    publish(1, 2);
    const receivers = [0, 1].map((own) => {
      const greedy = EventFilter.where<number>(({ event: payload }) => {
        if (payload === 3) {
          receivers.at(1 - own)?.[Symbol.dispose]();
        }
        return true;
      });
      return bus.subscribeFiltered(greedy, { capacity: 1, from: 'start' });
    });
    publish(3, 4);
    scheduler.flush();
    expect([bus.subscriberCount, bus.position?.seq]).toEqual([1, 4]);
    const selfish = bus.subscribeFiltered(
      EventFilter.where<number>(() => {
        selfish[Symbol.dispose]();
        return true;
      }),
      { capacity: 1 },
    );
    publish(5, 6);
    expect(bus.subscriberCount).toBe(1);
  });

  it('a predicate subscribes from the start, closes itself, and closes the bus: each in its place', () => {
    const { bus, scheduler, publish } = busOf(5);
    publish(1, 2, 3);
    const seen: number[][] = [];
    const busy = EventFilter.where<number>(({ event: payload }) => {
      if (payload === 2 && seen.length === 0) {
        publish(4);
        seen.push(collectPayloads(bus.stream(ofKind, { capacity: 1, from: 'start' })).values);
        publish(5);
        bus.close();
        publish(6);
      }
      return true;
    });
    seen.push(collectPayloads(bus.stream(busy, { capacity: 1, from: 'start' })).values);
    scheduler.flush();
    expect(seen).toEqual([
      [1, 2, 3, 4, 5],
      [1, 2, 3, 4, 5],
    ]);
  });
});

describe('from', () => {
  const BAD: readonly [unknown, typeof TypeError | typeof RangeError, string][] = [
    ['end', TypeError, 'from: expected now, start or { epoch, seq }, got "end"'],
    [null, TypeError, 'from: expected now, start or { epoch, seq }, got null'],
    [7, TypeError, 'from: expected now, start or { epoch, seq }, got 7'],
    [{ seq: 1 }, TypeError, 'from: expected now, start or { epoch, seq }, got '],
    [{ epoch: 'e', seq: -1 }, RangeError, 'from.seq must be an integer from 0, got -1'],
    [{ epoch: 'e', seq: 1.5 }, RangeError, 'from.seq must be an integer from 0, got 1.5'],
    [{ epoch: 'e', seq: '1' }, RangeError, 'from.seq must be an integer from 0, got "1"'],
    [{ epoch: 'e', seq: 2 ** 53 }, RangeError, 'from.seq must be an integer from 0, got 9007199254740992'],
    [{ epoch: 'e' }, RangeError, 'from.seq must be an integer from 0, got undefined'],
  ];

  it.each(BAD)('refuses %p, showing it, and uses no id (law 24)', (from, Type, message) => {
    const { bus } = busOf();
    const options = { from } as ReceiverOptions<number>;
    const attempts = [
      () => bus.subscribeFiltered(EventFilter.all, options),
      () => {
        void bus.stream(undefined, options);
      },
    ];
    for (const attempt of attempts) {
      expect(attempt).toThrow(Type);
      expect(attempt).toThrow(message);
    }
    expect([bus.subscribeAll().id, bus.subscriberCount]).toEqual([0, 1]);
  });

  it('wants a history, unless it starts now', () => {
    const bus = new SharingBus<number>();
    expect(bus.position).toBeUndefined();
    for (const from of ['start', { epoch: 'e', seq: 0 }] as const) {
      expect(() => bus.subscribeFiltered(EventFilter.all, { from })).toThrow(TypeError);
      expect(() => bus.stream(EventFilter.all, { from })).toThrow('from: the bus has no history, got ');
    }
    expect(bus.subscribeFiltered(EventFilter.all, { from: 'now' }).id).toBe(0);
  });

  it('is read at the call: a place that moves on later is of no meaning', () => {
    const { bus, scheduler, publish } = busOf();
    const from = { epoch: bus.position?.epoch ?? '', seq: 0 };
    publish(1, 2, 3);
    const stream$ = bus.stream(EventFilter.all, { from });
    from.seq = 3;
    const { values } = collectPayloads(stream$);
    scheduler.flush();
    expect(values).toEqual([1, 2, 3]);
  });

  it('beyond the last starts now; another epoch has everything that is retained, and says so', () => {
    const { bus, scheduler, publish } = busOf(2);
    publish(1, 2, 3);
    const { epoch = '' } = bus.position ?? {};
    const ahead = bus.subscribeFiltered(EventFilter.all, { from: { epoch, seq: 99 } });
    const stranger = bus.subscribeFiltered(EventFilter.all, { from: { epoch: 'x', seq: 2 } });
    const seen = [ahead, stranger].map((receiver) => collect(receiver.deliveries$).values);
    publish(4);
    scheduler.flush();
    expect(seen.map(shown)).toEqual(['4', '[<=Infinity] 2 3 4']);
    expect(seen[1]?.[0]).toEqual({ type: 'gap', missed: Infinity, byKind: { '*': Infinity }, atMost: true });
    expect([ahead.missed, stranger.missed]).toEqual([0, Infinity]);
  });

  it('says what is retained no longer: exactly, or at most so many', async () => {
    const { bus, publish } = busOf(1);
    publish(1, 2, 3);
    const all = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    const some = bus.subscribeFiltered(ofKind, { from: 'start' });
    expect(await all.deliveries.recv()).toEqual({ type: 'gap', missed: 2, byKind: { '*': 2 } });
    expect(await some.deliveries.recv()).toEqual({ type: 'gap', missed: 2, byKind: { '*': 2 }, atMost: true });
    expect([all.missed, all.lagged, some.missed, some.lagged]).toEqual([2, 0, 2, 0]);
    expect((await some.recv())?.event).toBe(3);
  });

  it.each<[string, EventFilter<number>]>([
    ['and()', EventFilter.and()],
    ['and(all)', EventFilter.and(EventFilter.all)],
    ['or(all, kind)', EventFilter.or(EventFilter.all, ofKind)],
    ['not(not(all))', { type: 'not', filter: { type: 'not', filter: EventFilter.all } }],
    ['not(or())', EventFilter.not(EventFilter.or())],
    ['not(kind())', EventFilter.not(EventFilter.kind())],
    ['not(and(all, origin()))', EventFilter.not(EventFilter.and(EventFilter.all, EventFilter.origin()))],
    ['and(or(all), all)', EventFilter.and(EventFilter.or(EventFilter.all), EventFilter.all)],
  ])('says exactly what is missing to %s, which matches every event', async (_, filter) => {
    const { bus, publish } = busOf(1);
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(filter, { from: 'start' });
    expect(await receiver.deliveries.recv()).toEqual({ type: 'gap', missed: 2, byKind: { '*': 2 } });
    expect(bus.stats().receivers.map((one) => one.filter)).toEqual([EventFilter.all]);
  });

  it('tells a gap as vague once: what is lost later is counted', () => {
    const { bus, scheduler, publish, publishOther } = busOf(1);
    publishOther(1, 2);
    const options = { capacity: 1, from: 'start', overflow: 'drop-oldest' } as const;
    const receiver = bus.subscribeFiltered(ofKind, options);
    const { values } = collect(receiver.deliveries$);
    scheduler.flush();
    publish(3, 4);
    scheduler.flush();
    expect(shown(values)).toBe('[<=1] [1] 4');
  });
});

describe('flush() and connect()', () => {
  it('wait for what a receiver has still to read', async () => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3, 4, 5);
    const { values } = collectPayloads(bus.stream(EventFilter.all, { capacity: 2, from: 'start' }));
    const flushed = bus.flush();
    scheduler.turn();
    scheduler.turn();
    expect([await settled(flushed), values.length]).toEqual([false, 4]);
    scheduler.turn();
    expect([await settled(flushed), values.length]).toEqual([true, 5]);
  });

  it('resolve with the last event that the receiver takes, if what follows does not match', async () => {
    const { bus, scheduler, publish, publishOther } = busOf();
    publish(1, 2);
    publishOther(3);
    collectPayloads(bus.stream(ofKind, { capacity: 1, from: 'start' }));
    const flushed = bus.flush();
    scheduler.flush();
    expect(await settled(flushed)).toBe(true);
  });

  it('wait for nothing that came after them', async () => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, from: 'start' });
    const flushed = bus.flush();
    await Promise.resolve();
    publish(4);
    await receiver.recv();
    await receiver.recv();
    expect(await settled(flushed)).toBe(false);
    await receiver.recv();
    scheduler.flush();
    expect([await settled(flushed), receiver.lagged]).toEqual([true, 0]);
  });

  it.each([1, 2])('wait for nothing that came after them, with a capacity of %s', async (capacity) => {
    const { bus, scheduler, publish, publishOther } = busOf();
    publish(1, 2, 3);
    publishOther(0);
    const receiver = bus.subscribeFiltered(ofKind, { capacity, from: 'start' });
    const flushed = bus.flush();
    await Promise.resolve();
    publish(4, 5, 6);
    await receiver.recv();
    await receiver.recv();
    scheduler.flush();
    expect(await settled(flushed)).toBe(false);
    await receiver.recv();
    scheduler.flush();
    expect(await settled(flushed)).toBe(true);
  });

  const ENDS: readonly [string, (bus: SharingBus<number>, id: number, dispose: () => void) => void][] = [
    ...waysToClose,
    [
      'disposed',
      (_bus, _id, dispose): void => {
        dispose();
      },
    ],
  ];

  it.each(ENDS)('do not wait for a receiver without a consumer that is %s', async (_name, end) => {
    const { bus, publish } = busOf();
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    const before = bus.flush();
    expect(await settled(before)).toBe(false);
    end(bus, receiver.id, () => {
      receiver[Symbol.dispose]();
    });
    expect(await settled(before)).toBe(true);
    expect(await settled(bus.flush())).toBe(true);
  });

  it('do not wait for a receiver without a consumer that ended with an error', async () => {
    const { bus, publish } = busOf(2);
    publish(1, 2);
    bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start', overflow: 'evict' });
    const before = bus.flush();
    expect(await settled(before)).toBe(false);
    publish(3, 4);
    expect(await settled(before)).toBe(true);
  });

  it('wait for a receiver that is closed and has a consumer', async () => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    const { values, endings } = collectPayloads(receiver.events$);
    const disposed = bus[Symbol.asyncDispose]();
    expect(await settled(disposed)).toBe(false);
    scheduler.flush();
    expect(await settled(disposed)).toBe(true);
    expect([values, endings]).toEqual([[1, 2, 3], ['complete']]);
  });

  it('are called in the same event as the receiver joins, and end', async () => {
    const { bus, scheduler, publish } = busOf();
    let flushed: Promise<void> | undefined;
    const curious = EventFilter.where<number>(() => {
      if (flushed === undefined) {
        collectPayloads(bus.stream(EventFilter.kind('none'), { from: 'start' }));
        flushed = bus.flush(EventFilter.kind('none'));
      }
      return true;
    });
    bus.subscribeFiltered(curious, 3);
    publish(1);
    scheduler.flush();
    expect(await settled(flushed as unknown as Promise<void>)).toBe(true);
  });

  it('connect() waits for a receiver that catches up, which loses nothing', async () => {
    const bus = new SharingBus<number>({ history: { capacity: 64 } });
    for (let n = 0; n < 20; n += 1) {
      bus.publish(event(n));
    }
    const { values } = collectPayloads(bus.stream(EventFilter.all, { capacity: 4, from: 'start' }));
    await bus.flush();
    await bus.connect(
      (async function* () {
        for (let n = 20; n < 200; n += 1) {
          yield await Promise.resolve(event(n));
        }
      })(),
      { window: 4 },
    );
    await bus[Symbol.asyncDispose]();
    expect(values).toEqual(Array.from({ length: 200 }, (_, n) => n));
  });
});

describe('the end of a receiver that catches up', () => {
  it('law 30: if it is closed meanwhile, a much later consumer gets all that is retained, and a gap for the rest', () => {
    const { bus, scheduler, publish } = busOf(4);
    publish(1, 2, 3, 4);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    receiver.close();
    expect(bus.subscriberCount).toBe(0);
    publish(5, 6);
    const { values, endings } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), endings, receiver.lagged]).toEqual(['1 [1] 3 4', ['complete'], 1]);
    expect(bus.stats()).toMatchObject({ delivered: 3, dropped: 1 });
  });

  it.each<[string, (receiver: BusReceiver<number>, next: (payload: number) => void) => void]>([
    [
      'events$',
      (receiver, next) =>
        receiver.events$.subscribe(({ event: payload }) => {
          next(payload);
        }),
    ],
    ['events$, piped', (receiver, next) => receiver.events$.pipe(map((one) => one.event)).subscribe(next)],
    [
      'deliveries$',
      (receiver, next) =>
        receiver.deliveries$.subscribe((delivery) => {
          if (delivery.type === 'event') {
            next(delivery.event.event);
          }
        }),
    ],
  ])('law 26: closed in a handler of its own, of %s, it reads on when its turn is over', (_how, subscribe) => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3, 4);
    const story: string[] = [];
    const filter = EventFilter.where<number>(({ event: payload }) => {
      story.push(`asked ${payload}`);
      return true;
    });
    const receiver = bus.subscribeFiltered(filter, { capacity: 2, from: 'start' });
    subscribe(receiver, (payload) => {
      story.push(`got ${payload}`);
      receiver.close();
    });
    scheduler.flush();
    expect(story).toEqual(['asked 1', 'asked 2', 'asked 3', 'got 1', 'got 2', 'asked 4', 'got 3', 'got 4']);
    expect([bus.subscriberCount, scheduler.pending]).toEqual([0, 0]);
  });

  it('law 34: closed by an observer of its count, in its turn, it reads on and ends', () => {
    const { bus, scheduler, publish } = busOf(2);
    publish(1, 2);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    receiver.lagged$.subscribe((lagged) => {
      if (lagged === 1) {
        receiver.close();
      }
    });
    publish(3, 4);
    scheduler.flush();
    const { values, endings } = collect(receiver.deliveries$);
    scheduler.flush();
    expect([shown(values), endings, scheduler.pending]).toEqual(['1 [1] 3 4', ['complete'], 0]);
  });

  it('law 33: the bus is closed, and it reads what there is', async () => {
    const { bus, publish } = busOf();
    publish(1, 2, 3);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    bus.close();
    const seen: number[] = [];
    for await (const { event: payload } of receiver) {
      seen.push(payload);
    }
    expect(seen).toEqual([1, 2, 3]);
    const late = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
    expect([await late.recv(), late.missed]).toEqual([undefined, 3]);
  });

  it('law 33: after bus.close, a receiver completes at once and says what it misses', () => {
    const { bus, publish, scheduler } = busOf();
    publish(1, 2, 3);
    const { epoch } = bus.position as BusPosition;
    bus.close();
    const gapOf = (from: ReceiverOptions['from'], filter = EventFilter.all as EventFilter<number>): unknown => {
      const receiver = bus.subscribeFiltered(filter, { from });
      const before = receiver.position;
      const deliveries = collect(receiver.deliveries$);
      scheduler.flush();
      const plain = collect(bus.subscribeFiltered(filter, { from }).events$);
      // Without waiting for the scheduler.
      expect(plain).toMatchObject({ values: [], endings: ['complete'] });
      expect(deliveries.endings).toEqual(['complete']);
      return [before?.seq, receiver.missed, receiver.lagged, ...deliveries.values];
    };
    const gap = (missed: number, more = {}): object => ({ type: 'gap', missed, byKind: { '*': missed }, ...more });
    const atMost = { atMost: true };
    expect(gapOf({ epoch, seq: 1 })).toEqual([1, 2, 0, gap(2)]);
    expect(gapOf('start')).toEqual([0, 3, 0, gap(3)]);
    expect(gapOf('start', EventFilter.kind('x'))).toEqual([0, 3, 0, gap(3, atMost)]);
    expect(gapOf({ epoch: 'another', seq: 1 })).toEqual([0, Infinity, 0, gap(Infinity, atMost)]);
    for (const from of [undefined, 'now', { epoch, seq: 3 }, { epoch, seq: 4 }] as const) {
      expect(gapOf(from)).toEqual([3, 0, 0]);
    }
    const signal = AbortSignal.abort();
    expect(bus.subscribeFiltered(EventFilter.all, { from: 'start', signal }).missed).toBe(0);
    expect(bus.stats()).toMatchObject({ dropped: 0, receivers: [] });
  });

  it('stallAfterMs ends it while it is open, and not when it is closed', () => {
    for (const isClosed of [false, true]) {
      const scheduler = new VirtualTimeScheduler();
      const bus = new SharingBus<number>({ scheduler, history: { capacity: 9 } });
      [1, 2, 3].forEach((n) => {
        bus.publish(event(n));
      });
      const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start', stallAfterMs: 50 });
      if (isClosed) {
        receiver.close();
        void receiver.recv();
      }
      scheduler.flush();
      const { values, endings } = collectPayloads(receiver.events$);
      scheduler.flush();
      expect(values).toEqual(isClosed ? [2, 3] : [1]);
      expect(endings).toEqual([isClosed ? 'complete' : expect.any(SlowConsumerError)]);
      expect(scheduler.frame).toBe(isClosed ? 0 : 50);
    }
  });

  it('its signal frees it at once', () => {
    const { bus, scheduler, publish } = busOf();
    publish(1, 2, 3);
    const controller = new AbortController();
    const options = { capacity: 1, from: 'start', signal: controller.signal } as const;
    const receiver = bus.subscribeFiltered(EventFilter.all, options);
    const { values, endings } = collectPayloads(receiver.events$);
    controller.abort();
    scheduler.flush();
    expect([values, endings, bus.subscriberCount, bus.stats().delivered]).toEqual([[], ['complete'], 0, 0]);
  });

  it('law 34: a dropped handle is freed with one warning, or without if it was closed before', async () => {
    for (const isClosed of [false, true]) {
      const { lines, logger } = recordingLogger();
      const { bus, publish } = busOf(9, { logger });
      publish(1, 2, 3);
      const refs = ((): WeakRef<object>[] => {
        const predicate = (): boolean => true;
        const receiver = bus.subscribeFiltered(EventFilter.where(predicate), { capacity: 1, from: 'start' });
        if (isClosed) {
          receiver.close();
        }
        return [new WeakRef(receiver), new WeakRef(predicate)];
      })();
      expect(await survivors(refs)).toBe(0);
      expect([lines.length, bus.subscriberCount]).toEqual([isClosed ? 0 : 1, 0]);
    }
  });

  it('law 34: evicted events are released, and all events once the bus is closed and no receiver reads', async () => {
    const bus = new SharingBus<object>({ history: { capacity: 2 } });
    const publish = (count: number): WeakRef<object>[] =>
      Array.from({ length: count }, () => {
        const payload = { bytes: new Uint8Array(64) };
        bus.publish(event(payload));
        return new WeakRef(payload);
      });
    const refs = publish(6);
    expect(await survivors(refs.slice(0, 4))).toBe(0);
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 1, from: 'start' });
    bus.close();
    expect([(await receiver.recv())?.seq, (await receiver.recv())?.seq]).toEqual([5, 6]);
    expect(await survivors(refs)).toBe(0);
    expect(bus.position?.seq).toBe(6);
  });
});

describe('what is published on a bus with a history', () => {
  it('law 11: the object stays as it is; the copy is numbered; the payload is the same', () => {
    const scheduler = new ManualScheduler();
    const bus = new SharingBus<object>({ scheduler, history: { capacity: 2 } });
    const { values } = collect(bus.stream());
    const payload = { words: ['hello'] };
    const original = Object.freeze(event<object>(payload, Object.freeze({ kind: 'k', scrollId: uuid(1) })));
    bus.publish(original);
    scheduler.flush();
    expect(values).toEqual([{ ...original, seq: 1 }]);
    expect(values[0]?.event).toBe(payload);
    expect(Object.isFrozen(payload)).toBe(false);
    expect('seq' in original).toBe(false);
  });

  it('is numbered without holes, whatever could not be read again', () => {
    const { lines, logger } = recordingLogger();
    const { bus, scheduler, publish } = busOf(9, { logger });
    const { values } = collect(bus.stream());
    let reads = 0;
    publish(1);
    bus.publish({
      routing: { kind: 'k' },
      origin: 'agent',
      get event(): number {
        reads += 1;
        if (reads > 1) {
          throw new Error('gone');
        }
        return 2;
      },
    });
    publish(3);
    const again = collect(bus.stream(EventFilter.all, { from: 'start' })).values;
    scheduler.flush();
    const numbers = values.map(({ seq, event: payload }) => [seq, payload]);
    expect(numbers).toEqual(reads > 1 ? [[1, 1], [2, 3]] : numbers); // prettier-ignore
    expect(again).toEqual(values);
    expect(lines.length).toBeGreaterThan(0);
  });

  it('takes no more than maxBytes, whatever sizeOf says', () => {
    const sizes = [4, 4, 4, Infinity, 4, NaN, 4, -5, 11, 1];
    const { bus, publish } = busOf(100, {
      history: { capacity: 100, maxBytes: 10, sizeOf: ({ event: payload }) => sizes[payload] ?? 0 },
    });
    const retained = sizes.map((_, payload) => {
      publish(payload);
      const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
      const { waiting } = bus.stats().receivers[0] ?? {};
      receiver[Symbol.dispose]();
      return waiting;
    });
    expect(retained).toEqual([1, 2, 2, 2, 2, 3, 3, 4, 4, 5]);
  });

  it('counts the length of its JSON, where nothing says its size', () => {
    const bus = new SharingBus<string>({ history: { capacity: 9, maxBytes: 250 } });
    const retained = ['a', 'b'.repeat(100), 'c'.repeat(100), 'd'.repeat(300)].map((text) => {
      bus.publish(event(text));
      const receiver = bus.subscribeFiltered(EventFilter.all, { from: 'start' });
      const { waiting } = bus.stats().receivers[0] ?? {};
      receiver[Symbol.dispose]();
      return waiting;
    });
    // The second and the third have no room together with the first; the last is too large alone.
    expect(retained).toEqual([1, 2, 1, 1]);
  });

  it.each([5n, '5'])('adds up sizes that are told as %p, too', (size) => {
    const { bus, publish } = busOf(99, {
      history: { capacity: 99, maxBytes: 10, sizeOf: () => size as unknown as number },
    });
    publish(1, 2, 3, 4);
    const { values } = collectPayloads(bus.stream(EventFilter.all, { from: 'start' }));
    expect(bus.stats().receivers[0]?.waiting).toBe(2);
    expect(values).toEqual([]);
  });

  it('is not asked for its size where there is no maxBytes', () => {
    let calls = 0;
    const { publish } = busOf(9, { history: { capacity: 9, sizeOf: () => (calls += 1) } });
    publish(1, 2, 3);
    expect(calls).toBe(0);
  });

  it('is numbered once, and retained whole, at whichever read it cannot be read any further', () => {
    for (let failing = 1; failing <= 6; failing += 1) {
      const { bus, scheduler, publish } = busOf(3);
      publish(1, 2, 3);
      let reads = 0;
      const routing = {
        get kind(): string {
          reads += 1;
          if (reads === failing) {
            throw new Error('gone');
          }
          return 'k';
        },
      };
      try {
        bus.publish({ routing, origin: 'agent', event: 4 });
      } catch {
        // Nothing has happened.
      }
      publish(5);
      const { values } = collect(bus.stream(EventFilter.all, { from: 'start' }));
      scheduler.flush();
      const last = bus.position?.seq ?? 0;
      expect(values.map(({ seq }) => seq)).toEqual([last - 2, last - 1, last]);
      const payloads = values.map(({ event: payload }) => payload);
      expect([[2, 3, 5], [3, 4, 5]]).toContainEqual(payloads); // prettier-ignore
      expect(last).toBe(payloads.includes(4) ? 5 : 4);
    }
  });

  it('follows its registration with a number of that time, where it was held', () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus({
      scheduler,
      history: { capacity: 9 },
      holdUnbound: { capacity: 4, maxAgeMs: 100 },
    });
    bus.publish({
      routing: { kind: 'held', connectorId: 'c', nativeSessionId: 's' },
      origin: 'agent',
      event: { type: 'Connected' },
    });
    expect(bus.position?.seq).toBe(0);
    bus.publish(registration('c', 's', uuid(3)));
    const { values } = collect(bus.stream(EventFilter.scrollId(uuid(3)), { from: 'start' }));
    scheduler.flush();
    expect(values.map(({ seq, routing }) => [seq, routing.kind])).toEqual([
      [1, 'session-lifecycle'],
      [2, 'held'],
    ]);
  });
});
