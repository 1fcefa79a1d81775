import type { ScrollBinding } from '../../lib/events/BusEvent.js';
import type { ReceiverOptions } from '../../lib/options.js';
import { isDeepStrictEqual } from 'node:util';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { of, type Subscription, VirtualTimeScheduler } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';
import {
  type BusEvent,
  type BusReceiver,
  type BusStats,
  type DepartedLoss,
  EventFilter,
  type Explanation,
  InvalidBusEventError,
  type KeptLosses,
  matches,
  SharingBus,
} from '../../lib/index.js';
import { advanceTo } from '../support/advanceTo.js';
import { collect, collectPayloads, recordingLogger } from '../support/collect.js';
import { event, registration, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

const MAX_BINDINGS = 2;

interface Waiting {
  readonly payload: number;
  readonly kind: string;
  readonly reserved: boolean;
}

interface Model {
  readonly id: number;
  readonly options: Options;
  isOpen: boolean;
  waiting: Waiting[];
  highWaterMark: number;
  delivered: number;
  lagged: number;
}

type Options = ReceiverOptions<number> & {
  readonly name: string;
  readonly capacity: number;
  readonly filter: EventFilter<number>;
};

const anyOptions: fc.Arbitrary<Options> = fc
  .record({
    name: fc.constantFrom('archivist', 'page'),
    capacity: fc.constantFrom(1, 2, 3, 70),
    filter: fc.constantFrom<EventFilter<number>>(
      EventFilter.all,
      EventFilter.kind('a'),
      EventFilter.kind('b', 'end'),
      EventFilter.scrollId(uuid(1)),
      EventFilter.where(({ event: payload }) => payload % 3 > 0),
    ),
    policy: fc.constantFrom<ReceiverOptions<number>>(
      {},
      {},
      { overflow: 'drop-oldest' },
      { overflow: 'latest', key: ({ event: payload }) => payload % 2 },
      { overflow: 'evict' },
      { reserve: { capacity: 1, kinds: ['end'] } },
    ),
  })
  .map(({ policy, ...others }) => ({ ...policy, ...others }));

type Verdict = 'taken' | 'refused' | 'displaces' | 'replaces';

/** How its explanation begins. */
const WHY: Readonly<Record<Verdict, string>> = {
  taken: 'it would wait behind N others',
  refused: 'there is no room: N wait',
  displaces: 'it would wait',
  replaces: 'it would replace an older event of its key',
};

/** What becomes of `arriving`, in the plainest words. */
function offer(model: Model, arriving: Waiting): Verdict {
  const { capacity, overflow, reserve } = model.options;
  const { waiting } = model;
  if (overflow === 'latest') {
    const place = waiting.findIndex(({ payload }) => payload % 2 === arriving.payload % 2);
    if (place >= 0) {
      model.waiting = waiting.with(place, arriving);
      return 'replaces';
    }
  }
  const reserved = waiting.filter((one) => one.reserved).length;
  if (waiting.length - reserved < capacity) {
    model.waiting = [...waiting, arriving];
    return 'taken';
  }
  if (reserve !== undefined && reserved < reserve.capacity && reserve.kinds.includes(arriving.kind)) {
    model.waiting = [...waiting, { ...arriving, reserved: true }];
    return 'taken';
  }
  if (overflow === 'drop-oldest') {
    model.waiting = [...waiting.slice(1), arriving];
    return 'displaces';
  }
  model.isOpen = overflow !== 'evict';
  return 'refused';
}

/** Jest's comparison takes long, and is needed to tell a difference only. */
function same(actual: unknown, expected: unknown): void {
  if (!isDeepStrictEqual(actual, expected)) {
    expect(actual).toEqual(expected);
  }
}

/** A bus beside a model of it, which are compared at every moment. */
class Pair {
  readonly scheduler = new ManualScheduler();
  readonly log = recordingLogger();
  readonly bus = new SharingBus<number>({
    scheduler: this.scheduler,
    logger: this.log.logger,
    maxBindings: MAX_BINDINGS,
    // Registrations are negative: -1 registers the session "1".
    bindingOf: (payload): ScrollBinding | undefined =>
      payload < 0 ? { connectorId: 'c', sessionId: String(-payload), scrollId: uuid(-payload) } : undefined,
  });
  readonly models: Model[] = [];
  readonly handles: (BusReceiver<number> | undefined)[] = [];
  readonly consumers: (Subscription | undefined)[] = [];
  /** What a handler has thrown: the bus would report it later, on nobody's stack. */
  readonly failures: unknown[] = [];
  #published = 0;
  #bound = 0;
  #evicted = 0;
  /** The sessions that are bound, in the order of use. */
  #sessions: string[] = [];
  #isOpen = true;
  #payload = 0;
  readonly #kept = this.bus.keepLosses();
  /** The losses that were taken so far, by receiver. */
  readonly #departed = new Map<number, DepartedLoss>();

  check(): void {
    same(this.failures, []);
    // Before `stats()`, which would settle the counts.
    for (const loss of this.#kept.take()) {
      this.#departed.set(loss.id, { ...loss, lagged: loss.lagged + (this.#departed.get(loss.id)?.lagged ?? 0) });
    }
    same(
      [...this.#departed.values()].sort((one, other) => one.id - other.id),
      this.models
        .filter(({ isOpen, lagged }) => !isOpen && lagged > 0)
        .map(({ id, options: { name }, lagged }) => ({ id, name, lagged })),
    );
    const sum = (field: 'delivered' | 'lagged'): number =>
      this.models.reduce((total, model) => total + model[field], 0);
    const expected: BusStats<number> = {
      published: this.#published,
      bound: this.#bound,
      unbound: this.#published - this.#bound,
      held: 0,
      released: 0,
      evictedBindings: this.#evicted,
      delivered: sum('delivered'),
      dropped: sum('lagged'),
      receivers: this.models
        .filter(({ isOpen }) => isOpen)
        .map(({ id, options: { name, filter, capacity }, waiting, highWaterMark, delivered, lagged }) => ({
          id,
          name,
          filter,
          capacity,
          waiting: waiting.length,
          highWaterMark,
          delivered,
          lagged,
          oldestAgeMs: 0,
        })),
    };
    same(this.bus.stats(), expected);
  }

  make(options: Options, how: 'receiver' | 'stream' | 'consume'): void {
    const model: Model = {
      id: this.models.length,
      options,
      isOpen: this.#isOpen,
      waiting: [],
      highWaterMark: 0,
      delivered: 0,
      lagged: 0,
    };
    this.models.push(model);
    const take = ({ event: payload }: BusEvent<number>): void => {
      this.#takes(model, payload);
    };
    const { filter, ...others } = options;
    if (how === 'receiver') {
      this.handles.push(this.bus.subscribeFiltered(filter, others));
      this.consumers.push(undefined);
      return;
    }
    const source$ =
      how === 'stream'
        ? this.bus.stream(filter, others)
        : this.bus.stream(filter, {
            ...others,
            consume: (busEvent) => {
              take(busEvent);
              return of();
            },
          });
    this.handles.push(undefined);
    this.consumers.push(source$.subscribe({ next: take, error: () => undefined }));
  }

  consume(index: number): void {
    const model = this.models[index];
    const handle = this.handles[index];
    if (model !== undefined && handle !== undefined && this.consumers[index] === undefined) {
      this.consumers[index] = handle.events$.subscribe({
        next: ({ event: payload }) => {
          this.#takes(model, payload);
        },
        error: () => undefined,
      });
    }
  }

  pull(index: number): void {
    const model = this.models[index];
    const first = model?.waiting.shift();
    if (model === undefined || first === undefined) {
      return;
    }
    if (this.handles[index] === undefined || this.consumers[index] !== undefined) {
      model.waiting.unshift(first);
      return;
    }
    model.delivered += 1;
    void this.handles[index].recv();
  }

  close(index: number): void {
    const model = this.models[index];
    this.bus.unsubscribe(index);
    if (model !== undefined) {
      model.isOpen = false;
    }
  }

  leave(index: number): void {
    const model = this.models[index];
    if (model !== undefined && (this.consumers[index] ?? this.handles[index]) !== undefined) {
      model.isOpen = false;
      model.waiting = [];
      this.consumers[index]?.unsubscribe();
      this.handles[index]?.[Symbol.dispose]();
    }
  }

  closeBus(): void {
    this.#isOpen = false;
    this.bus.close();
    this.models.forEach((model) => {
      model.isOpen = false;
    });
  }

  publish(kind: string, session: string | undefined, registers = false): void {
    this.#payload += 1;
    const payload = registers && session !== undefined ? -Number(session) : this.#payload;
    const busEvent = event(
      payload,
      session === undefined ? { kind } : { kind, connectorId: 'c', nativeSessionId: session },
    );
    const explained = this.#explain(busEvent);
    this.bus.publish(busEvent);
    if (!this.#isOpen) {
      return;
    }
    this.#published += 1;
    const scrollId = this.#bind(session, payload);
    this.#bound += scrollId === undefined ? 0 : 1;
    const enriched = event(payload, { ...busEvent.routing, scrollId });
    same(
      explained.map(({ id }) => id),
      this.models.filter(({ isOpen }) => isOpen).map(({ id }) => id),
    );
    for (const { id, matches: isMatch, drops, why } of explained) {
      const model = this.models[id] as Model;
      const wanted = matches(model.options.filter, enriched);
      same({ id, isMatch }, { id, isMatch: wanted });
      if (!wanted) {
        continue;
      }
      const verdict = offer(model, { payload, kind, reserved: false });
      model.lagged += verdict === 'taken' ? 0 : 1;
      model.highWaterMark = Math.max(model.highWaterMark, model.waiting.length);
      same({ id, drops }, { id, drops: verdict === 'refused' });
      same({ id, why: why.replace(/\d+/, 'N').replace(/,.*/, '') }, { id, why: WHY[verdict] });
    }
  }

  /** What `explain` says, which has changed nothing. */
  #explain(busEvent: BusEvent<number>): readonly Explanation[] {
    const before = { stats: this.bus.stats(), lines: this.log.lines.length };
    const explained = this.bus.explain(busEvent);
    same(this.bus.explain(busEvent), explained);
    same({ stats: this.bus.stats(), lines: this.log.lines.length }, before);
    return explained;
  }

  #bind(session: string | undefined, payload: number): string | undefined {
    if (session === undefined || (payload > 0 && !this.#sessions.includes(session))) {
      return undefined;
    }
    this.#sessions = [...this.#sessions.filter((one) => one !== session), session];
    if (this.#sessions.length > MAX_BINDINGS) {
      this.#sessions.shift();
      this.#evicted += 1;
    }
    return uuid(Number(session));
  }

  #takes(model: Model, payload: number): void {
    try {
      same(model.waiting.shift()?.payload, payload);
      model.delivered += 1;
      this.check();
      if (payload % 7 === 1) {
        this.publish('echo', '1');
        this.check();
      }
      if (payload % 11 === 1) {
        this.close(model.id);
        this.check();
      }
    } catch (error) {
      this.failures.push(error);
    }
  }
}

type Step = (pair: Pair) => void;

const index = fc.nat(4);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(
        fc.constantFrom('a', 'b', 'end'),
        fc.constantFrom(undefined, '1', '2', '3'),
        fc.constantFrom(1, 2, 5, 40),
        fc.boolean(),
      )
      .map(([kind, session, count, registers]): Step => (pair) => {
        for (let time = 0; time < count; time += 1) {
          pair.publish(kind, session, registers && time === 0);
        }
      }),
  },
  {
    weight: 3,
    arbitrary: fc
      .tuple(anyOptions, fc.constantFrom<'receiver' | 'stream' | 'consume'>('receiver', 'stream', 'consume'))
      .map(([options, how]): Step => (pair) => {
        pair.make(options, how);
      }),
  },
  { weight: 4, arbitrary: fc.constant<Step>((pair) => pair.scheduler.turn()) },
  {
    weight: 2,
    arbitrary: index.map((at): Step => (pair) => {
      pair.consume(at);
    }),
  },
  {
    weight: 3,
    arbitrary: index.map((at): Step => (pair) => {
      pair.pull(at);
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (pair) => {
      pair.close(at);
    }),
  },
  {
    weight: 1,
    arbitrary: index.map((at): Step => (pair) => {
      pair.leave(at);
    }),
  },
);

function busOf<E = number>(
  options: ConstructorParameters<typeof SharingBus<E>>[0] = {},
): { readonly bus: SharingBus<E>; readonly scheduler: ManualScheduler; readonly publish: (...payloads: E[]) => void } {
  const scheduler = new ManualScheduler();
  const bus = new SharingBus<E>({ scheduler, ...options });
  const publish = (...payloads: E[]): void => {
    payloads.forEach((payload) => {
      bus.publish(event(payload));
    });
  };
  return { bus, scheduler, publish };
}

/** The two totals. */
function totals({ delivered, dropped }: BusStats<never>): string {
  return `${delivered} delivered, ${dropped} dropped`;
}

describe('stats', () => {
  it('says nothing but zeros of a new bus', () => {
    expect(new SharingBus().stats()).toEqual({
      published: 0,
      bound: 0,
      unbound: 0,
      held: 0,
      released: 0,
      evictedBindings: 0,
      delivered: 0,
      dropped: 0,
      receivers: [],
    });
  });

  it('agrees with plain counts at each moment, and explain with what a publish then does', () => {
    fc.assert(
      fc.property(fc.array(anyStep, { minLength: 5, maxLength: 40 }), fc.boolean(), (steps, closes) => {
        const pair = new Pair();
        for (const step of steps) {
          step(pair);
          pair.check();
        }
        if (closes) {
          pair.closeBus();
          pair.check();
        }
        while (pair.scheduler.turn() > 0) {
          pair.check();
        }
        pair.check();
      }),
      { numRuns: 300 },
    );
  });

  it('counts what is delivered after the end, also while a handler runs', () => {
    const { bus, scheduler, publish } = busOf();
    const seen: string[] = [];
    bus.subscribeFiltered(EventFilter.all, 3).events$.subscribe(() => {
      seen.push(totals(bus.stats()));
    });
    publish(1, 2, 3, 4);
    bus.close();
    expect(totals(bus.stats())).toBe('0 delivered, 1 dropped');
    scheduler.flush();
    expect(seen).toEqual(['1 delivered, 1 dropped', '2 delivered, 1 dropped', '3 delivered, 1 dropped']);
    expect(totals(bus.stats())).toBe('3 delivered, 1 dropped');
  });

  it.each(['close', 'throw'])('counts everything when its consumer is told of the end, after %s', (how) => {
    const { bus, scheduler, publish } = busOf();
    const filter = EventFilter.where<number>(({ event: number }) => {
      if (number === 4) {
        throw new Error('no');
      }
      return true;
    });
    const seen: string[] = [];
    const tell = (): void => {
      seen.push(totals(bus.stats()));
    };
    bus.stream(filter, { capacity: 2 }).subscribe({ complete: tell, error: tell });
    publish(1, 2, 3);
    if (how === 'close') {
      bus.close();
    } else {
      publish(4);
    }
    scheduler.flush();
    expect(seen).toEqual(['2 delivered, 1 dropped']);
    expect(totals(bus.stats())).toBe('2 delivered, 1 dropped');
  });

  it('counts what is worked on one by one after the end', () => {
    const { bus, scheduler, publish } = busOf();
    const seen: string[] = [];
    const consume = (): [] => {
      seen.push(totals(bus.stats()));
      return [];
    };
    bus.stream(EventFilter.all, { consume }).subscribe();
    publish(1, 2);
    bus.close();
    scheduler.flush();
    expect(seen).toEqual(['1 delivered, 0 dropped', '2 delivered, 0 dropped']);
  });

  it('counts what is pulled after the end', async () => {
    const { bus, publish } = busOf();
    const receiver = bus.subscribeAll();
    publish(1, 2, 3);
    await receiver.recv();
    receiver.close();
    expect(totals(bus.stats())).toBe('1 delivered, 0 dropped');
    await receiver.recv();
    expect(totals(bus.stats())).toBe('2 delivered, 0 dropped');
    receiver[Symbol.dispose]();
    expect(totals(bus.stats())).toBe('2 delivered, 0 dropped');
  });

  it('keeps the counts of a receiver that leaves while an event is published', () => {
    const seen: string[] = [];
    const { bus, scheduler, publish } = busOf({ scheduler: undefined });
    expect(scheduler.pending).toBe(0);
    const leaving = bus.subscribeFiltered(EventFilter.all, 1);
    publish(0, 0);
    void leaving.recv();
    publish(0);
    bus.subscribeFiltered(
      EventFilter.where(({ event: payload }) => {
        if (payload === 1) {
          leaving.close();
          seen.push(totals(bus.stats()));
        }
        return false;
      }),
    );
    expect(totals(bus.stats())).toBe('1 delivered, 1 dropped');
    publish(1);
    expect(seen).toEqual(['1 delivered, 2 dropped']);
    expect(totals(bus.stats())).toBe('1 delivered, 2 dropped');
  });

  it('does not count what was discarded as delivered, nor as dropped', () => {
    const { bus, scheduler, publish } = busOf();
    const consumer = bus.stream().subscribe(() => {
      consumer.unsubscribe();
    });
    publish(1, 2, 3);
    scheduler.flush();
    expect(totals(bus.stats())).toBe('1 delivered, 0 dropped');
  });

  it('counts an event for every receiver that got it, and a publish once', () => {
    const { bus, scheduler, publish } = busOf();
    bus.stream().subscribe();
    bus.stream().subscribe();
    publish(1, 2);
    scheduler.flush();
    const { published, delivered } = bus.stats();
    expect({ published, delivered }).toEqual({ published: 2, delivered: 4 });
  });

  it('knows how many events waited, though no call read the count before they were handed over', () => {
    const { bus, scheduler, publish } = busOf();
    bus.stream().subscribe();
    publish(1, 2, 3);
    scheduler.flush();
    publish(4);
    scheduler.flush();
    expect(bus.stats().receivers).toMatchObject([{ waiting: 0, highWaterMark: 3, delivered: 4 }]);
  });

  it('does not count a malformed event, nor an event after close', () => {
    const { bus, publish } = busOf();
    expect(() => {
      bus.publish({} as BusEvent<number>);
    }).toThrow(InvalidBusEventError);
    bus.close();
    publish(1);
    expect(bus.stats().published).toBe(0);
  });

  it('counts what bindingOf publishes when it is published, and as bound or unbound when its place has come', () => {
    const seen: unknown[] = [];
    const counts = (): unknown => {
      const { published, bound, unbound } = bus.stats();
      return { published, bound, unbound };
    };
    const { bus, publish } = busOf({
      bindingOf: (payload) => {
        if (payload === 1) {
          bus.publish(event(2));
          seen.push(counts());
        }
        return undefined;
      },
    });
    publish(1);
    expect(seen).toEqual([{ published: 2, bound: 0, unbound: 0 }]);
    expect(counts()).toEqual({ published: 2, bound: 0, unbound: 2 });
  });

  it('shows filters with canonical ids', () => {
    const { bus } = busOf();
    bus.subscribeFiltered(EventFilter.and({ type: 'scrollId', id: `{${uuid(1)}}` }, EventFilter.kind('a')));
    expect(bus.stats().receivers[0]?.filter).toEqual({
      type: 'and',
      filters: [EventFilter.scrollId(uuid(1)), EventFilter.kind('a')],
    });
  });

  it('leaves out a receiver that is about to join', () => {
    const seen: number[][] = [];
    const { bus, publish } = busOf();
    bus.subscribeFiltered(
      EventFilter.where(() => {
        bus.subscribeAll();
        seen.push(bus.stats().receivers.map(({ id }) => id));
        return false;
      }),
    );
    publish(1);
    expect(seen).toEqual([[0]]);
    expect(bus.stats().receivers.map(({ id }) => id)).toEqual([0, 1]);
  });

  it.each([1, 100])('tells the age of what has waited longest, with a capacity of %d', (capacity) => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity, overflow: 'drop-newest' });
    const age = (): number | undefined => bus.stats().receivers[0]?.oldestAgeMs;
    expect(age()).toBe(0);
    advanceTo(scheduler, 10);
    bus.publish(event(1));
    expect(age()).toBe(0);
    advanceTo(scheduler, 25);
    bus.publish(event(2));
    expect(age()).toBe(15);
    void receiver.recv();
    expect(age()).toBe(0);
    advanceTo(scheduler, 30);
    expect(age()).toBe(capacity === 1 ? 0 : 5);
  });

  it('tells the age in TestScheduler.run', () => {
    const scheduler = new TestScheduler((actual, expected) => {
      expect(actual).toEqual(expected);
    });
    const ages: (number | undefined)[] = [];
    scheduler.run(({ cold }) => {
      const bus = new SharingBus<string>();
      bus.subscribeFiltered(EventFilter.all, { overflow: 'drop-oldest', capacity: 2 });
      cold('a-b-c-|').subscribe((payload) => {
        bus.publish(event(payload));
        ages.push(bus.stats().receivers[0]?.oldestAgeMs);
      });
    });
    expect(ages).toEqual([0, 2, 2]);
  });

  it('the age of what many moments have left behind is never too small', () => {
    const scheduler = new VirtualTimeScheduler();
    const bus = new SharingBus<number>({ scheduler });
    const receiver = bus.subscribeFiltered(EventFilter.all, 100);
    for (let time = 1; time <= 50; time += 1) {
      advanceTo(scheduler, time);
      bus.publish(event(time));
    }
    advanceTo(scheduler, 60);
    for (let time = 1; time <= 50; time += 1) {
      const age = bus.stats().receivers[0]?.oldestAgeMs ?? NaN;
      expect(age).toBeGreaterThanOrEqual(60 - time);
      expect(age).toBeLessThanOrEqual(59);
      void receiver.recv();
    }
    expect(bus.stats().receivers[0]?.oldestAgeMs).toBe(0);
  });

  it('counts what a receiver loses that reads on without a slot', () => {
    const bus = new SharingBus<string>({ scheduler: new ManualScheduler(), history: { capacity: 9 } });
    ['a1', 'b1', 'b2', 'c1', 'd1'].forEach((payload) => {
      bus.publish(event(payload));
    });
    const key = ({ event: payload }: BusEvent<string>): unknown => payload[0];
    const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 2, overflow: 'latest', key, from: 'start' });
    receiver.close();
    expect(receiver.tryRecv()).toMatchObject({ event: { event: 'a1' } });
    // It has read b2 in the place of b1, and c1; d1 is left.
    expect([receiver.lagged, bus.stats().dropped, bus.stats().delivered]).toEqual([1, 1, 1]);
  });
});

describe('keepLosses', () => {
  const LOSES_ONE = { capacity: 1, name: 'page' };

  it('keeps what a receiver has lost that comes and goes between two calls', () => {
    const { bus, publish } = busOf();
    const kept = bus.keepLosses();
    const page = bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    const other = bus.subscribeFiltered(EventFilter.all, 2);
    publish(1, 2, 3);
    expect(kept.take()).toEqual([]);
    page.close();
    other.dispose();
    expect(kept.take()).toEqual([
      { id: 0, name: 'page', lagged: 2 },
      { id: 1, name: undefined, lagged: 1 },
    ]);
    expect(kept.take()).toEqual([]);
  });

  it('keeps nothing of a receiver that has lost nothing', () => {
    const { bus, publish } = busOf();
    const kept = bus.keepLosses();
    using receiver = bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    publish(1);
    receiver.close();
    expect(kept.take()).toEqual([]);
  });

  it('does not know what receivers had lost that had left before', () => {
    const { bus, publish } = busOf();
    const gone = bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    const stays = bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    publish(1, 2);
    gone.close();
    const kept = bus.keepLosses();
    expect(kept.take()).toEqual([]);
    publish(3);
    stays.close();
    expect(kept.take()).toEqual([{ id: 1, name: 'page', lagged: 2 }]);
  });

  describe('in a predicate that closes a receiver while events of the burst are still to be offered to it', () => {
    const entry = (lagged: number): DepartedLoss => ({ id: 0, name: 'page', lagged });

    function closeAt(last: number, ask: (bus: SharingBus<number>, kept: KeptLosses) => void): KeptLosses {
      const { bus, publish } = busOf();
      const kept = bus.keepLosses();
      const page = bus.subscribeFiltered(EventFilter.all, { capacity: 64, name: 'page' });
      // Otherwise its losses would be counted when an event is published.
      page.lagged$.subscribe();
      bus.subscribeFiltered(
        EventFilter.where(({ event: payload }) => {
          if (payload === last) {
            page.close();
            ask(bus, kept);
          }
          return false;
        }),
      );
      publish(...Array.from({ length: last }, (_, index) => index + 1));
      expect([page.lagged, bus.stats().dropped]).toEqual([last - 64, last - 64]);
      return kept;
    }

    it('knows what the receiver has lost of them', () => {
      const taken: unknown[] = [];
      const kept = closeAt(200, (_bus, asked) => taken.push(asked.take()));
      // The last one was published before the receiver was closed, and is offered to it later.
      expect([...taken, kept.take()]).toEqual([[entry(135)], [entry(1)]]);
    });

    it('begins after them', () => {
      const late: KeptLosses[] = [];
      const kept = closeAt(200, (bus) => late.push(bus.keepLosses()));
      expect(kept.take()).toEqual([entry(136)]);
      expect(late.map((one) => one.take())).toEqual([[entry(1)]]);
    });
  });

  it('serves two who ask, and each at its own time', () => {
    const { bus, publish } = busOf();
    const [early, late] = [bus.keepLosses(), bus.keepLosses()];
    bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    publish(1, 2);
    bus.unsubscribe(0);
    expect(early.take()).toHaveLength(1);
    bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    publish(1, 2);
    bus.close();
    expect(early.take()).toEqual([{ id: 1, name: 'page', lagged: 1 }]);
    expect(late.take()).toEqual([
      { id: 0, name: 'page', lagged: 1 },
      { id: 1, name: 'page', lagged: 1 },
    ]);
  });

  it('has another entry for what a receiver loses after the end, while it reads on', () => {
    const { bus, publish } = busOf<string>({ history: { capacity: 9 } });
    publish('a1', 'b1', 'b2', 'c1', 'c2', 'd1');
    const key = ({ event: payload }: BusEvent<string>): unknown => payload[0];
    const options: ReceiverOptions<string> = { name: 'page', capacity: 2, overflow: 'latest', key, from: 'start' };
    const receiver = bus.subscribeFiltered(EventFilter.all, options);
    const kept = bus.keepLosses();
    receiver.close();
    const entries: (readonly DepartedLoss[])[] = [kept.take()];
    for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
      entries.push(kept.take());
    }
    expect(entries.filter((taken) => taken.length > 0)).toEqual([
      [{ id: 0, name: 'page', lagged: 1 }],
      [{ id: 0, name: 'page', lagged: 1 }],
    ]);
    expect([receiver.lagged, bus.stats().dropped]).toEqual([2, 2]);
  });

  it('keeps the losses of 10,000 receivers, and the bus counts all', () => {
    const { bus, publish } = busOf();
    const kept = bus.keepLosses();
    for (let id = 0; id < 10_002; id += 1) {
      bus.subscribeFiltered(EventFilter.all, 1);
    }
    publish(1, 2);
    bus.close();
    expect(kept.take().map(({ id }) => id)).toEqual(Array.from({ length: 10_000 }, (_, id) => id));
    expect(kept.take()).toEqual([]);
    expect(bus.stats().dropped).toBe(10_002);
  });

  it('keeps nothing once it is stopped, and may be stopped again', () => {
    const { bus, publish } = busOf();
    const kept = bus.keepLosses();
    for (let round = 0; round < 2; round += 1) {
      const receiver = bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
      publish(1, 2);
      receiver.close();
      kept.stop();
      expect(kept.take()).toEqual([]);
    }
  });

  it('after close of the bus there is nothing to keep', () => {
    const { bus, publish } = busOf();
    bus.close();
    const kept = bus.keepLosses();
    bus.subscribeFiltered(EventFilter.all, LOSES_ONE);
    publish(1, 2);
    expect(kept.take()).toEqual([]);
  });
});

describe('explain', () => {
  const why = (explained: readonly Explanation[]): string[] => explained.map((one) => one.why);

  it('tells each receiver by its id and name', () => {
    const { bus } = busOf();
    bus.subscribeAll();
    bus.subscribeFiltered(EventFilter.kind('a'), { name: 'page' });
    expect(bus.explain(event(1))).toEqual([
      { id: 0, name: undefined, matches: true, drops: false, why: 'it would wait behind 0 others' },
      { id: 1, name: 'page', matches: false, drops: false, why: 'it does not match kind("a")' },
    ]);
  });

  it('law 18: counts the events of a burst that has not been handed over yet', () => {
    const { bus, publish } = busOf();
    const capacities = [256, 100];
    capacities.forEach((capacity) => bus.subscribeFiltered(EventFilter.all, capacity));
    publish(...Array.from({ length: 100 }, (_, payload) => payload));
    expect(why(bus.explain(event(100)))).toEqual(['it would wait behind 100 others', 'there is no room: 100 wait']);
  });

  it('names the part of the filter that keeps an event out', () => {
    const { bus } = busOf();
    const odd = ({ event: payload }: BusEvent<number>): boolean => payload % 2 > 0;
    const filters = [
      EventFilter.and(EventFilter.kind('test'), EventFilter.and(EventFilter.session('a', 'b'))),
      EventFilter.or(EventFilter.kind('a', 'b'), EventFilter.connectorId('"')),
      EventFilter.not(EventFilter.all),
      EventFilter.origin('user'),
      EventFilter.scrollId(uuid(1)),
      EventFilter.connectorUid(uuid(2)),
      EventFilter.where(odd),
      EventFilter.or(),
    ];
    filters.forEach((filter) => bus.subscribeFiltered(filter));
    expect(why(bus.explain(event(2)))).toEqual([
      'it does not match session("a", "b")',
      'it does not match or(kind("a", "b"), connectorId("\\""))',
      'it does not match not(all)',
      'it does not match origin("user")',
      `it does not match scrollId(${uuid(1)})`,
      `it does not match connectorUid(${uuid(2)})`,
      'it does not match where(odd)',
      'it does not match or()',
    ]);
  });

  it('says that a receiver would end for want of room, and that one has none', () => {
    const { bus, publish } = busOf();
    bus.subscribeFiltered(EventFilter.all, { capacity: 1, overflow: 'evict' });
    bus.subscribeFiltered(EventFilter.all, 1);
    publish(1);
    expect(why(bus.explain(event(2)))).toEqual([
      'there is no room: 1 wait, and the receiver would end',
      'there is no room: 1 wait',
    ]);
    expect(bus.subscriberCount).toBe(2);
  });

  it('throws for a malformed event, and changes nothing', () => {
    const { bus } = busOf();
    bus.subscribeAll();
    expect(() => bus.explain({ routing: { kind: 7 } } as unknown as BusEvent<number>)).toThrow(InvalidBusEventError);
    expect(bus.stats()).toMatchObject({ published: 0, receivers: [{ waiting: 0 }] });
  });

  it('reports a predicate, a key and a barrier that throw, and ends no receiver', () => {
    const { bus, scheduler, publish } = busOf();
    const fail = (): never => {
      throw new Error('no');
    };
    bus.subscribeFiltered(EventFilter.where(fail));
    bus.subscribeFiltered(EventFilter.all, { overflow: 'latest', key: fail });
    bus.subscribeFiltered(EventFilter.all, { overflow: 'latest', key: () => 1, barrier: fail });
    // It is asked for the key of a barrier, too.
    bus.subscribeFiltered(EventFilter.all, { overflow: 'latest', key: fail, barrier: () => true });
    const expected = 'a function of its options or its filter throws Error: no, which would end the receiver';
    expect(bus.explain(event(1)).map((one) => [one.matches, one.drops, one.why])).toEqual(
      Array.from({ length: 4 }, () => [false, false, expected]),
    );
    expect(bus.subscriberCount).toBe(4);
    expect(scheduler.pending).toBe(0);
    publish(1);
    expect(bus.subscriberCount).toBe(0);
  });

  it('sees the registration in the event itself, and the binding that is known', () => {
    const { bus } = busOf<never>();
    const busOfEvents = bus as unknown as SharingBus;
    busOfEvents.subscribeFiltered(EventFilter.scrollId(uuid(1)));
    const asked: BusEvent = {
      routing: { kind: 'usage', connectorId: 'c', nativeSessionId: 's' },
      origin: 'agent',
      event: { type: 'Connected' } as never,
    };
    expect(busOfEvents.explain(registration('c', 's', uuid(1)))).toMatchObject([{ matches: true }]);
    // It has taught nothing.
    expect(busOfEvents.explain(asked)).toMatchObject([{ matches: false }]);
    busOfEvents.publish(registration('c', 's', uuid(1)));
    expect(busOfEvents.explain(asked)).toMatchObject([{ matches: true }]);
    expect(busOfEvents.explain(registration('c', 's', uuid(2)))).toMatchObject([{ matches: false }]);
    expect(busOfEvents.explain(registration('c', 's', 'none', { scrollId: uuid(1) }))).toMatchObject([
      { matches: true },
    ]);
  });

  it.each([
    ['connector', { connectorId: 7, sessionId: 's', scrollId: uuid(1) }],
    ['session', { connectorId: 'c', sessionId: undefined, scrollId: uuid(1) }],
  ])('law 8: a registration whose %s id is no string would be refused', (_, binding) => {
    const { bus } = busOf({ bindingOf: () => binding as unknown as ScrollBinding });
    const receiver = bus.subscribeFiltered(EventFilter.scrollId(uuid(1)));
    expect(bus.explain(event(1))).toMatchObject([{ matches: false }]);
    const { values } = collect(receiver.events$);
    bus.publish(event(1));
    expect(values).toEqual([]);
    expect(bus.stats().bound).toBe(0);
  });

  it('law 12: to explain is no use of a binding', () => {
    const { bus } = busOf({
      maxBindings: 2,
      bindingOf: (payload) =>
        payload < 5 ? { connectorId: 'c', sessionId: String(payload), scrollId: uuid(payload) } : undefined,
    });
    const about = (payload: number): BusEvent<number> => event(payload);
    bus.publish(about(1));
    bus.publish(about(2));
    bus.subscribeFiltered(EventFilter.scrollId(uuid(1)));
    const asked = event(9, { connectorId: 'c', nativeSessionId: '1' });
    bus.explain(asked);
    bus.publish(about(3));
    expect(bus.stats().evictedBindings).toBe(1);
    expect(bus.explain(asked)).toMatchObject([{ matches: false }]);
  });

  it('a throwing bindingOf is not logged', () => {
    const { lines, logger } = recordingLogger();
    const { bus } = busOf({
      logger,
      bindingOf: () => {
        throw new Error('no');
      },
    });
    bus.subscribeAll();
    expect(bus.explain(event(1))).toMatchObject([{ matches: true }]);
    expect(lines).toEqual([]);
  });

  it('leaves out a receiver that is about to join, as stats does', () => {
    const seen: number[][] = [];
    const { bus, publish } = busOf();
    bus.subscribeFiltered(
      EventFilter.where(({ event: payload }) => {
        if (payload === 1) {
          bus.subscribeFiltered(EventFilter.kind('other'));
          seen.push(bus.explain(event(2)).map(({ id }) => id));
        }
        return false;
      }),
    );
    publish(1);
    expect(seen).toEqual([[0]]);
  });

  it('has no receivers after close', () => {
    const { bus } = busOf();
    bus.subscribeAll();
    bus.close();
    expect(bus.explain(event(1))).toEqual([]);
  });

  it('says of an event that would be held that it would', () => {
    const bus = new SharingBus<number>({
      scheduler: new VirtualTimeScheduler(),
      holdUnbound: { capacity: 1, maxAgeMs: 1 },
    });
    bus.subscribeFiltered(EventFilter.all, 1);
    bus.publish(event(1));
    const asked = event(2, { connectorId: 'c', nativeSessionId: 's' });
    expect(bus.explain(asked)).toMatchObject([
      { matches: true, drops: false, why: 'it would be held until its session is registered' },
    ]);
    bus.publish(asked);
    expect(bus.stats()).toMatchObject({ held: 1, receivers: [{ waiting: 1, lagged: 0 }] });
  });

  it('leaves what is queued as it is', () => {
    const { bus, scheduler, publish } = busOf();
    const receiver = bus.subscribeFiltered(EventFilter.all, { overflow: 'latest', key: () => 1, capacity: 2 });
    publish(1);
    bus.explain(event(2));
    const { values } = collectPayloads(receiver.events$);
    scheduler.flush();
    expect(values).toEqual([1]);
    expect(receiver.lagged).toBe(0);
  });
});
