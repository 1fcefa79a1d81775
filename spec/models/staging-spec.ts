import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { asapScheduler, map, type SchedulerLike, VirtualTimeScheduler } from 'rxjs';
import { type BusEvent, type BusReceiver, EventFilter, matches, SharingBus } from '../../lib/index.js';
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
  }, 60_000);
});
