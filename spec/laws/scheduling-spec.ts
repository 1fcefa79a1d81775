import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import { asapScheduler, noop, queueScheduler, VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import { type BusReceiver, EventFilter, SharingBus } from '../../lib/index.js';
import { collect, collectPayloads } from '../support/collect.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

function busOf<E>(options: ConstructorParameters<typeof SharingBus<E>>[0] = {}): {
  readonly bus: SharingBus<E>;
  readonly scheduler: ManualScheduler;
} {
  const scheduler = new ManualScheduler();
  return { bus: new SharingBus<E>({ scheduler, ...options }), scheduler };
}

describe('scheduler', () => {
  it('law 27: the default is asapScheduler', async () => {
    const bus = new SharingBus<number>();
    const { values, endings } = collectPayloads(bus.stream());
    bus.publish(event(1));
    bus.close();
    expect(values).toEqual([]);
    await new Promise((resolve) => {
      asapScheduler.schedule(resolve);
    });
    expect(values).toEqual([1]);
    expect(endings).toEqual(['complete']);
  });

  it('law 27: virtual time drives it', () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const { values } = collectPayloads(bus.stream());
    bus.publish(event(1));
    expect(values).toEqual([]);
    scheduler.flush();
    expect(values).toEqual([1]);
  });

  it('law 15: even a scheduler that runs at once keeps one order', () => {
    const bus = new SharingBus<string>({ scheduler: queueScheduler });
    const seen = [bus, bus].map((one) => collectPayloads(one.stream()));
    bus.stream().subscribe(({ event: word }) => {
      if (word.length < 3) {
        bus.publish(event(`${word}+`));
      }
    });
    seen.push(collectPayloads(bus.stream()));
    bus.publish(event('a'));
    bus.publish(event('b'));
    bus.close();
    for (const { values, endings } of seen) {
      expect(values).toEqual(['a', 'a+', 'a++', 'b', 'b+', 'b++']);
      expect(endings).toEqual(['complete']);
    }
  });

  it('one action serves a burst, whatever the number of receivers', () => {
    const { bus, scheduler } = busOf<number>();
    for (let n = 0; n < 10; n += 1) {
      collect(bus.stream());
    }
    bus.publish(event(1));
    bus.publish(event(2));
    expect(scheduler.pending).toBe(1);
  });

  it('law 34: an event that no receiver wants schedules nothing', () => {
    const { bus, scheduler } = busOf<number>();
    bus.publish(event(1));
    const { values } = collectPayloads(bus.stream(EventFilter.kind('other')));
    bus.publish(event(2));
    expect(scheduler.pending).toBe(0);
    bus.publish(event(3, { kind: 'other' }));
    bus.publish(event(4));
    expect(scheduler.pending).toBe(1);
    scheduler.flush();
    expect([values, scheduler.pending]).toEqual([[3], 0]);
  });

  it('law 34: without a consumer, reading lagged cancels the action, and the next event schedules another', () => {
    const { bus, scheduler } = busOf<number>();
    const receiver = bus.subscribeAll();
    bus.publish(event(1));
    expect([scheduler.pending, receiver.lagged, scheduler.pending]).toEqual([1, 0, 0]);
    bus.publish(event(2));
    expect(scheduler.pending).toBe(1);
  });

  it('law 22: reading lagged keeps the action if a receiver waits for its turn', () => {
    const { bus, scheduler } = busOf<number>();
    const receiver = bus.subscribeAll();
    const { values } = collectPayloads(receiver.events$);
    bus.publish(event(1));
    expect([receiver.lagged, receiver.lagged, scheduler.pending]).toEqual([0, 0, 1]);
    scheduler.flush();
    expect(values).toEqual([1]);
  });

  it.each([1, 256])('law 34: the last consumer that leaves takes the action along (capacity %i)', (capacity) => {
    const { bus, scheduler } = busOf<number>();
    const subscriptions = [1, 2].map(() => bus.stream(EventFilter.all, { capacity }).subscribe());
    bus.publish(event(1));
    // Its events are in its queue, and it awaits its turn.
    expect(bus.stats().receivers.map(({ waiting }) => waiting)).toEqual([1, 1]);
    subscriptions[0]?.unsubscribe();
    expect(scheduler.pending).toBe(1);
    subscriptions[1]?.unsubscribe();
    expect(scheduler.pending).toBe(0);
  });

  it('law 31: a receiver that is disposed in the turn of another one has no turn, and the next has its own', () => {
    const { bus, scheduler } = busOf<number>();
    const story: (readonly [who: string, what: unknown])[] = [];
    const [first, second, third] = [bus.subscribeAll(), bus.subscribeAll(), bus.subscribeAll()];
    first.events$.subscribe(({ event: payload }) => {
      story.push(['first', payload]);
      second[Symbol.dispose]();
    });
    second.events$.subscribe({
      next: ({ event: payload }) => story.push(['second', payload]),
      complete: () => story.push(['second', 'complete']),
    });
    third.events$.subscribe(({ event: payload }) => story.push(['third', payload]));
    bus.publish(event(1));
    expect(scheduler.turn()).toBe(1);
    expect(story.filter(([who]) => who !== 'third')).toEqual([
      ['first', 1],
      ['second', 'complete'],
    ]);
    scheduler.flush();
    expect(story.filter(([who]) => who === 'third')).toEqual([['third', 1]]);
    bus.publish(event(2));
    expect([scheduler.pending, scheduler.turn()]).toEqual([1, 1]);
    expect(story.slice(-2)).toEqual([
      ['first', 2],
      ['third', 2],
    ]);
  });

  it('law 26: what is published in an action is delivered in the next, which is one for all', () => {
    const { bus, scheduler } = busOf<number>();
    const publishing: number[] = [];
    const { values } = collectPayloads(bus.stream());
    bus.stream().subscribe(({ event: payload }) => {
      publishing.push(payload);
      if (payload < 3) {
        bus.publish(event(payload + 1));
      }
    });
    bus.publish(event(1));
    for (const expected of [[1], [1, 2], [1, 2, 3]]) {
      expect([scheduler.pending, scheduler.turn()]).toEqual([1, 1]);
      expect([values, publishing]).toEqual([expected, expected]);
    }
    expect(scheduler.pending).toBe(0);
  });

  it('law 28: a receiver that begins to lag says so at the event that it is refused, however long the burst', () => {
    const story: unknown[] = [];
    let published = 0;
    const { bus } = busOf<number>({
      logger: { warn: (line) => story.push([String(line).slice(0, 38), published]) },
    });
    const receivers = [90, 80].map((capacity) => bus.subscribeFiltered(EventFilter.all, capacity));
    while (published < 200) {
      published += 1;
      bus.publish(event(published));
    }
    expect(story).toEqual([
      ['sharing-bus: receiver 1 begins to lag:', 81],
      ['sharing-bus: receiver 0 begins to lag:', 91],
    ]);
    expect(receivers.map(({ lagged }) => lagged)).toEqual([110, 120]);
  });

  it('law 13: an action that a neighbour on the scheduler took down is scheduled again at the next publish', () => {
    const { bus, scheduler } = busOf<number>();
    const receivers = [bus.subscribeAll(), bus.subscribeFiltered(EventFilter.all, 1)];
    const seen = receivers.map(({ events$ }) => collectPayloads(events$));
    bus.publish(event(1));
    // What asapScheduler does to the actions beside one that throws.
    scheduler.cancelAll();
    scheduler.flush();
    expect(seen.map(({ values }) => values)).toEqual([[], []]);
    bus.publish(event(2));
    scheduler.flush();
    expect(seen.map(({ values }) => values)).toEqual([[1, 2], [1]]);
    expect(receivers.map(({ lagged }) => lagged)).toEqual([0, 1]);
  });

  it('law 13: a full queue that was left without its action is emptied, too', () => {
    const { bus, scheduler } = busOf<number>();
    const { values } = collectPayloads(bus.stream(EventFilter.all, { capacity: 1 }));
    bus.publish(event(1));
    scheduler.cancelAll();
    bus.publish(event(2));
    scheduler.flush();
    expect(values).toEqual([1]);
  });

  describe('law 27: what others do to asapScheduler', () => {
    it('a burst does not wait for a flush that never comes, since a test in virtual time has failed', async () => {
      const leavesWork = (): void => {
        new TestScheduler(noop).run(() => {
          asapScheduler.schedule(noop);
          throw new Error('the test failed');
        });
      };
      expect(leavesWork).toThrow('the test failed');
      const bus = new SharingBus<number>();
      const receiver = bus.subscribeAll();
      const { values } = collectPayloads(receiver.events$);
      for (let burst = 0; burst < 2; burst += 1) {
        Array.from({ length: 150 }, (_, index) => event(150 * burst + index)).forEach((one) => {
          bus.publish(one);
        });
        expect(values).toHaveLength(150 * burst);
        await Promise.resolve();
      }
      expect([values, receiver.lagged]).toEqual([Array.from({ length: 300 }, (_, index) => index), 0]);
      // What the failed test left.
      asapScheduler.flush();
    });

    it('a burst that lost its action to an error of a stranger is delivered in the same task', async () => {
      const bus = new SharingBus<number>();
      const { values } = collectPayloads(bus.stream());
      asapScheduler.schedule(() => {
        throw new Error('of a stranger');
      });
      bus.publish(event(1));
      // The flush cancels the actions behind one that throws.
      expect(() => {
        asapScheduler.flush();
      }).toThrow('of a stranger');
      expect(values).toEqual([]);
      await Promise.resolve();
      expect(values).toEqual([1]);
    });
  });

  it('refuses a scheduler without schedule()', () => {
    expect(() => new SharingBus({ scheduler: {} as never })).toThrow(
      'SharingBus: scheduler.schedule must be a function',
    );
    expect(() => new SharingBus({ scheduler: null as never })).toThrow(TypeError);
    expect(() => new SharingBus({ bindingOf: 5 as never })).toThrow(TypeError);
    expect(() => new SharingBus({ maxBindings: 0 })).toThrow(RangeError);
  });
});

/** Calls `act` at every depth of the stack, from where it ends to the top. What ends with the stack is left at that. */
function atTheEndOfTheStack(act: () => void): void {
  const attempt = (call: () => void): void => {
    try {
      call();
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw error;
      }
    }
  };
  const deeper = (): void => {
    attempt(deeper);
    attempt(act);
  };
  deeper();
}

describe('law 18: a burst waits for the hand-over, and no user can tell', () => {
  const scroll = EventFilter.scrollId(uuid(1));

  function busAndScheduler(logger?: { warn: (line: unknown) => void }): {
    readonly bus: SharingBus<number>;
    readonly scheduler: ManualScheduler;
  } {
    const scheduler = new ManualScheduler();
    return { bus: new SharingBus<number>({ scheduler, logger }), scheduler };
  }

  it('law 13: where its action was cancelled, the next publish schedules another', () => {
    const { bus, scheduler } = busAndScheduler();
    const { values } = collectPayloads(bus.stream());
    bus.publish(event(1));
    scheduler.cancelAll();
    bus.publish(event(2));
    scheduler.flush();
    expect(values).toEqual([1, 2]);
  });

  it('law 32: where its action was cancelled, a consumer that comes gets the event', () => {
    const { bus, scheduler } = busAndScheduler();
    const receiver = bus.subscribeAll();
    bus.publish(event(1));
    scheduler.cancelAll();
    const { values } = collectPayloads(receiver.events$);
    scheduler.flush();
    expect(values).toEqual([1]);
  });

  it('law 13: where the scheduler once refused, the next publish asks again', () => {
    const { bus, scheduler } = busAndScheduler();
    const { values } = collectPayloads(bus.stream());
    const schedule = scheduler.schedule.bind(scheduler);
    scheduler.schedule = () => {
      scheduler.schedule = schedule;
      throw new Error('not now');
    };
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    expect(values).toEqual([1, 2]);
  });

  it.each([
    ['lagged is read', (receiver: BusReceiver<number>) => receiver.lagged],
    ['a receiver joins', (_receiver: BusReceiver<number>, bus: SharingBus<number>) => bus.subscribeFiltered(scroll)],
    [
      'an event is published',
      (_receiver: BusReceiver<number>, bus: SharingBus<number>) => {
        bus.publish(event(9));
      },
    ],
  ])('law 18: no event is lost, doubled or misled where %s as the stack ends', (_when, act) => {
    const { bus, scheduler } = busAndScheduler();
    const chosen = bus.subscribeFiltered(EventFilter.scrollId(uuid(1)), 5000);
    const everyone = bus.subscribeFiltered(EventFilter.all, 100_000);
    const seen = [chosen, everyone].map((receiver) => collectPayloads(receiver.events$).values);
    [1, 2, 3].forEach((payload) => {
      bus.publish(event(payload, { scrollId: uuid(1) }));
    });
    let attempts = 0;
    atTheEndOfTheStack(() => {
      attempts += 1;
      if (attempts < 300) {
        act(everyone, bus);
      }
    });
    [4, 5].forEach((payload) => {
      bus.publish(event(payload));
    });
    scheduler.flush();
    expect(seen.map((values) => values.filter((payload) => payload < 9))).toEqual([
      [1, 2, 3],
      [1, 2, 3, 4, 5],
    ]);
  });

  it.each<[string, ReceiverOptions<number>, EventFilter<number>]>([
    ['has little room', { capacity: 2 }, EventFilter.all],
    ['has a policy', { capacity: 2, overflow: 'drop-oldest' }, EventFilter.all],
    ['is asked', {}, EventFilter.where<number>(() => true)],
  ])('law 14: a scheduler that refuses is not the end of a receiver that %s', (_what, options, filter) => {
    const { bus, scheduler } = busAndScheduler();
    const { values, endings } = collectPayloads(bus.stream(filter, options));
    const schedule = scheduler.schedule.bind(scheduler);
    scheduler.schedule = () => {
      scheduler.schedule = schedule;
      throw new Error('not now');
    };
    bus.publish(event(1));
    bus.publish(event(2));
    scheduler.flush();
    expect([values, endings, bus.subscriberCount]).toEqual([[1, 2], [], 1]);
  });

  it('law 22: a logger reads exact counts, also of a receiver whose events were staged with those that began the lag', () => {
    const counts: number[] = [];
    const { bus, scheduler } = busAndScheduler({ warn: () => counts.push(other.lagged) });
    bus.subscribeFiltered(scroll, 64).events$.subscribe();
    const other = bus.subscribeFiltered(EventFilter.kind('test'), 64);
    Array.from({ length: 65 }).forEach(() => {
      bus.publish(event(0));
    });
    Array.from({ length: 65 }).forEach(() => {
      bus.publish(event(0, { scrollId: uuid(1) }));
    });
    expect(counts).toEqual([1, 66]);
    scheduler.flush();
  });

  it('law 17: an event that cannot be looked up is dropped, and none takes its place', () => {
    const { bus, scheduler } = busAndScheduler();
    const values = collectPayloads(bus.stream(scroll)).values;
    collectPayloads(bus.stream(EventFilter.kind('test')));
    let reads = 0;
    const hostile = {
      toString: () => {
        throw new Error('no');
      },
    };
    const routing = {
      scrollId: uuid(1),
      get kind() {
        reads += 1;
        return (reads === 1 ? 'test' : hostile) as string;
      },
    };
    bus.publish(event(1, { scrollId: uuid(1) }));
    bus.publish({ routing, origin: 'runtime', event: 2 });
    bus.publish(event(3));
    bus.publish(event(4, { scrollId: uuid(1) }));
    scheduler.flush();
    expect(values).toEqual([1, 4]);
  });
});
