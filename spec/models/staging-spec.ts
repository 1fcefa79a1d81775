import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asapScheduler, map, type SchedulerLike, VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, matches, SharingBus } from '../../lib/index.js';
import { collectPayloads } from '../support/collect.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

// The bus routes a burst at once. Here it is compared with a bus that is only lists, and routes every event when it is published.

/** What a receiver ought to hold and to have lost. */
interface Expected {
  readonly receiver: BusReceiver<number>;
  readonly filter: EventFilter<number>;
  readonly capacity: number;
  /** Payloads that wait. */
  waiting: number[];
  lagged: number;
  isOpen: boolean;
  hasConsumer: boolean;
}

type Random = (below: number) => number;

function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const KINDS = ['chat', 'tool', 'plan'];

function randomEvent(random: Random, payload: number): BusEvent<number> {
  return event(payload, {
    kind: KINDS[random(3)] ?? '',
    ...(random(4) > 0 && { scrollId: uuid(random(4)) }),
    ...(random(2) > 0 && { connectorId: `c${random(2)}`, nativeSessionId: `s${random(2)}` }),
  });
}

function randomFilter(random: Random, depth = 0): EventFilter<number> {
  const inner = (): EventFilter<number> => randomFilter(random, depth + 1);
  const makers: (() => EventFilter<number>)[] = [
    () => EventFilter.all,
    () => EventFilter.scrollId(uuid(random(4))),
    () => EventFilter.session(`c${random(2)}`, `s${random(2)}`),
    () => EventFilter.kind(...KINDS.slice(random(3))),
    () => EventFilter.where<number>(({ event: payload }) => payload % 3 > 0),
    () => EventFilter.and(inner(), inner()),
    () => EventFilter.or(inner(), inner()),
    () => EventFilter.not(inner()),
  ];
  return (makers[random(depth < 2 ? makers.length : 5)] as () => EventFilter<number>)();
}

/** A bus beside the lists that it is compared with, and what is done to both. */
class Comparison {
  readonly bus: SharingBus<number>;
  readonly expected: Expected[] = [];
  /** Deliveries that are not the next one in their list, and warnings that did not come. */
  readonly wrong: unknown[] = [];
  delivered = 0;
  #published = 0;
  /** Those that have logged that they begin to lag, and not yet that they have caught up. */
  readonly #lagging = new Set<number>();
  readonly #random: Random;
  /** Called by some handlers. */
  readonly #meanwhile: () => void;

  constructor(random: Random, scheduler: SchedulerLike, meanwhile: () => void) {
    const idIn = (line: unknown): number => Number(/receiver (\d+)/.exec(String(line))?.[1]);
    this.bus = new SharingBus<number>({
      scheduler,
      logger: {
        warn: (line) => this.#lagging.add(idIn(line)),
        info: (line) => this.#lagging.delete(idIn(line)),
      },
    });
    this.#random = random;
    this.#meanwhile = meanwhile;
  }

  publish(): void {
    const busEvent = randomEvent(this.#random, this.#published);
    this.#published += 1;
    const refusing: number[] = [];
    for (const one of this.expected.filter(({ isOpen, filter }) => isOpen && matches(filter, busEvent))) {
      if (one.waiting.length < one.capacity) {
        one.waiting.push(busEvent.event);
      } else {
        one.lagged += 1;
        refusing.push(one.receiver.id);
      }
    }
    this.bus.publish(busEvent);
    this.wrong.push(...refusing.filter((id) => !this.#lagging.has(id)).map((id) => `${id} has not said that it lags`));
  }

  join(): void {
    const filter = randomFilter(this.#random);
    const capacity = [1, 7, 64, 100, 5000][this.#random(5)] as number;
    const receiver = this.bus.subscribeFiltered(filter, capacity);
    const one: Expected = { receiver, filter, capacity, waiting: [], lagged: 0, isOpen: true, hasConsumer: false };
    this.expected.push(one);
    if (this.#random(4) > 0) {
      this.#consume(one);
    }
  }

  close(): void {
    const one = this.#any();
    if (one !== undefined) {
      one.isOpen = false;
      one.receiver.close();
    }
  }

  leave(): void {
    const one = this.#any();
    if (one !== undefined) {
      one.isOpen = false;
      one.waiting = [];
      one.receiver[Symbol.dispose]();
    }
  }

  /** To read a count settles what is staged, so it is not read after each event. */
  checkOne(): void {
    const one = this.#any();
    expect(one?.receiver.lagged).toBe(one?.lagged);
  }

  checkAll(): void {
    expect(this.wrong).toEqual([]);
    expect(this.bus.subscriberCount).toBe(this.expected.filter(({ isOpen }) => isOpen).length);
    expect(this.expected.map(({ receiver }) => receiver.lagged)).toEqual(this.expected.map(({ lagged }) => lagged));
  }

  /** Gives a consumer to all that have none, so that nothing is left waiting. */
  consumeAll(): void {
    this.expected.forEach((one) => {
      this.#consume(one);
    });
  }

  #any(): Expected | undefined {
    return this.expected[this.#random(this.expected.length)];
  }

  #consume(one: Expected): void {
    if (one.hasConsumer) {
      return;
    }
    one.hasConsumer = true;
    const take = (payload: number): void => {
      this.delivered += 1;
      const next = one.waiting.shift();
      if (payload !== next) {
        this.wrong.push({ came: payload, next });
      }
      if (this.#random(20) === 0) {
        this.#meanwhile();
      }
    };
    if (this.#random(2) === 0) {
      one.receiver.events$.subscribe(({ event: payload }) => {
        take(payload);
      });
    } else {
      one.receiver.events$.pipe(map(({ event: payload }) => payload)).subscribe(take);
    }
  }
}

/** Does what it likes with two buses on one scheduler; `turn` lets some of what is scheduled run. */
function* disorder(seed: number, scheduler: SchedulerLike): Generator<'turn', readonly Comparison[]> {
  const random = randomFrom(seed);
  let depth = 0;
  let isOver = false;
  const meanwhile = (): void => {
    if (depth < 3 && !isOver) {
      depth += 1;
      act(buses[random(2)] as Comparison);
      depth -= 1;
    }
  };
  const buses = [new Comparison(random, scheduler, meanwhile), new Comparison(random, scheduler, meanwhile)];
  const act = (comparison: Comparison): void => {
    const actions = [
      (): void => {
        comparison.publish();
      },
      (): void => {
        comparison.publish();
      },
      (): void => {
        comparison.publish();
      },
      (): void => {
        comparison.join();
      },
      (): void => {
        comparison.close();
      },
      (): void => {
        comparison.leave();
      },
      (): void => {
        comparison.checkOne();
      },
    ];
    actions[random(actions.length)]?.();
  };
  for (let step = 0; step < 60; step += 1) {
    const comparison = buses[random(2)] as Comparison;
    if (random(12) === 0) {
      // Longer than the stage, and than most capacities.
      Array.from({ length: 1 + random(1500) }).forEach(() => {
        comparison.publish();
      });
    } else {
      Array.from({ length: 1 + random(5) }).forEach(() => {
        act(comparison);
      });
    }
    if (random(3) === 0) {
      yield 'turn';
    }
  }
  isOver = true;
  buses.forEach((comparison) => {
    comparison.consumeAll();
  });
  return buses;
}

function check(buses: readonly Comparison[]): void {
  for (const comparison of buses) {
    comparison.checkAll();
    expect(comparison.expected.flatMap(({ waiting }) => waiting)).toEqual([]);
  }
}

describe('laws 13, 15, 19, 20, 22, 25, 28: a bus that stages a burst is one that routes each event at once', () => {
  const seeds = fc.integer({ min: 1 });

  it('on a scheduler of the user', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const scheduler = new ManualScheduler();
        const run = disorder(seed, scheduler);
        let step = run.next();
        while (step.done !== true) {
          scheduler.turn();
          step = run.next();
        }
        scheduler.flush();
        check(step.value);
        expect(step.value.reduce((sum, { delivered }) => sum + delivered, 0)).toBeGreaterThan(0);
      }),
      { numRuns: 60 },
    );
  });

  it('in virtual time', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const scheduler = new VirtualTimeScheduler();
        const run = disorder(seed, scheduler);
        let step = run.next();
        while (step.done !== true) {
          scheduler.flush();
          step = run.next();
        }
        scheduler.flush();
        check(step.value);
      }),
      { numRuns: 20 },
    );
  });

  it('on the default scheduler', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => {
        const run = disorder(seed, asapScheduler);
        let step = run.next();
        while (step.done !== true) {
          await Promise.resolve();
          step = run.next();
        }
        await new Promise((resolve) => setImmediate(resolve));
        check(step.value);
      }),
      { numRuns: 20 },
    );
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

describe('nobody can tell that an event waits on the stage', () => {
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
