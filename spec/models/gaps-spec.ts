import type { ReceiverOptions } from '../../lib/options.js';
import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Observer } from 'rxjs';
import { type BusReceiver, type Delivery, EventFilter, SharingBus } from '../../lib/index.js';
import { collect, collectPayloads } from '../support/collect.js';
import { event } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

/** One event in the list of a receiver: it waits, or is missing in its place. */
interface Entry {
  readonly payload: number;
  readonly kind: string;
  readonly isLost?: boolean;
  readonly isReserved?: boolean;
}

/** What a policy does to such a list, in the plainest words. */
interface Policy {
  readonly name: string;
  readonly options: ReceiverOptions<number>;
  readonly put: (entries: readonly Entry[], arriving: Entry, capacity: number) => readonly Entry[];
}

const waitingOf = (entries: readonly Entry[]): readonly Entry[] => entries.filter(({ isLost }) => !isLost);
const lost = (entry: Entry): Entry => ({ ...entry, isLost: true });
const putNewest: Policy['put'] = (entries, arriving, capacity) => [
  ...entries,
  waitingOf(entries).length < capacity ? arriving : lost(arriving),
];
const RESERVE = 2;
const keyOf = (payload: number): number => payload % 5;

const POLICIES: readonly Policy[] = [
  { name: 'drop-newest', options: {}, put: putNewest },
  { name: 'evict', options: { overflow: 'evict' }, put: putNewest },
  {
    name: 'drop-oldest',
    options: { overflow: 'drop-oldest' },
    put: (entries, arriving, capacity) => {
      const oldest = waitingOf(entries).length < capacity ? -1 : entries.findIndex(({ isLost }) => !isLost);
      return [...entries.map((entry, index) => (index === oldest ? lost(entry) : entry)), arriving];
    },
  },
  {
    name: 'latest',
    options: {
      overflow: 'latest',
      key: ({ event: payload }) => keyOf(payload),
      barrier: ({ routing }) => routing.kind === 'barrier',
    },
    put: (entries, arriving, capacity) => {
      // Also one that was refused.
      const lastBarrier = entries.findLastIndex(({ kind }) => kind === 'barrier');
      const place = entries.findIndex(
        ({ payload, isLost }, index) => index > lastBarrier && !isLost && keyOf(payload) === keyOf(arriving.payload),
      );
      return place < 0 || arriving.kind === 'barrier'
        ? putNewest(entries, arriving, capacity)
        : entries.flatMap((entry, index) => (index === place ? [lost(entry), arriving] : [entry]));
    },
  },
  {
    name: 'reserve',
    options: { reserve: { capacity: RESERVE, kinds: ['barrier', '__proto__'] } },
    put: (entries, arriving, capacity) => {
      const waiting = waitingOf(entries);
      const reserved = waiting.filter(({ isReserved }) => isReserved).length;
      if (waiting.length - reserved < capacity) {
        return [...entries, arriving];
      }
      const mayUseIt = ['barrier', '__proto__'].includes(arriving.kind) && reserved < RESERVE;
      return [...entries, mayUseIt ? { ...arriving, isReserved: true } : lost(arriving)];
    },
  },
];

/** A delivery in short: the payload, or how many of each kind are missing. A list of pairs tells `__proto__` from no kind. */
type Told = number | readonly [kind: string, missed: number][];

const inOrder = (counts: Iterable<readonly [string, number]>): readonly [string, number][] =>
  [...counts].map(([kind, count]): [string, number] => [kind, count]).sort(([one], [other]) => (one < other ? -1 : 1));

function short(delivery: Delivery<number>): Told {
  if (delivery.type === 'event') {
    return delivery.event.event;
  }
  const counts = Object.entries(delivery.byKind);
  expect(counts.reduce((sum, [, count]) => sum + count, 0)).toBe(delivery.missed);
  expect(delivery.missed).toBeGreaterThan(0);
  return inOrder(counts);
}

const missedIn = (told: readonly Told[]): number =>
  told.flatMap((one) => (typeof one === 'number' ? [] : one)).reduce((sum, [, missed]) => sum + missed, 0);

/** Takes the first thing that is to be told off `entries`. */
function takeFirst(entries: Entry[]): Told | undefined {
  const first = entries.findIndex(({ isLost }) => !isLost);
  const missing = entries.splice(0, first < 0 ? entries.length : first);
  if (missing.length === 0) {
    return entries.shift()?.payload;
  }
  const counts = new Map<string, number>();
  missing.forEach(({ kind }) => counts.set(kind, (counts.get(kind) ?? 0) + 1));
  return inOrder(counts);
}

/** How the receivers of a story are consumed: from the start, later on, after the end, or pulled. */
const VIEWS = ['deliveries$', 'events$', 'late', 'deliveries', 'recv too'] as const;
type View = (typeof VIEWS)[number];
const AFTER_ERROR = 'ended with an error';

/** A receiver beside the list that it is compared with. */
class Comparison {
  readonly receiver: BusReceiver<number>;
  readonly told: unknown[] = [];
  readonly expected: unknown[] = [];
  #entries: Entry[] = [];
  #lagged = 0;
  #hasEnded = false;
  #isSubscribed = false;
  readonly #asked: ('deliveries' | 'recv')[] = [];
  readonly #pulled: Promise<unknown>[] = [];

  constructor(
    bus: SharingBus<number>,
    readonly policy: Policy,
    readonly capacity: number,
    readonly view: View,
    readonly connectorId: string | undefined,
  ) {
    const filter = connectorId === undefined ? EventFilter.all : EventFilter.connectorId(connectorId);
    this.receiver = bus.subscribeFiltered(filter, { ...policy.options, capacity });
    if (view === 'deliveries$' || view === 'events$') {
      this.subscribe();
    }
  }

  get lagged(): number {
    return this.#lagged;
  }

  publish(entry: Entry, connectorId: string): void {
    if (this.#hasEnded || (this.connectorId ?? connectorId) !== connectorId) {
      return;
    }
    const lostBefore = this.#entries.length - waitingOf(this.#entries).length;
    this.#entries = [...this.policy.put(this.#entries, entry, this.capacity)];
    const lostNow = this.#entries.length - waitingOf(this.#entries).length - lostBefore;
    this.#lagged += lostNow;
    this.#hasEnded = this.policy.name === 'evict' && lostNow > 0;
  }

  subscribe(): void {
    if (this.#isSubscribed) {
      return;
    }
    this.#isSubscribed = true;
    const observer: Partial<Observer<Told>> = {
      next: (one) => this.told.push(one),
      error: () => this.told.push(AFTER_ERROR),
      complete: () => this.told.push('complete'),
    };
    if (this.view === 'events$') {
      this.receiver.events$.subscribe({ ...observer, next: ({ event: payload }) => observer.next?.(payload) });
    } else {
      this.receiver.deliveries$.subscribe({ ...observer, next: (delivery) => observer.next?.(short(delivery)) });
    }
  }

  pull(how: 'deliveries' | 'recv'): void {
    const pulled = how === 'recv' ? this.receiver.recv() : this.receiver.deliveries.recv();
    this.#pulled.push(
      pulled.then(
        (one) =>
          this.told.push(one && ('event' in one && !('type' in one) ? one.event : short(one as Delivery<number>))),
        () => this.told.push(AFTER_ERROR),
      ),
    );
    this.#asked.push(how);
    this.#serve();
  }

  /** After a turn. */
  turn(): void {
    this.#serve();
    if (this.#isSubscribed) {
      while (this.#entries.length > 0) {
        const one = takeFirst(this.#entries) as Told;
        if (this.view !== 'events$' || typeof one === 'number') {
          this.expected.push(one);
        }
      }
      if (this.#hasEnded && !this.expected.includes('complete') && !this.expected.includes(AFTER_ERROR)) {
        this.expected.push(this.policy.name === 'evict' && this.#lagged > 0 ? AFTER_ERROR : 'complete');
      }
    }
  }

  end(): void {
    this.receiver.close();
    this.#hasEnded = true;
  }

  /** Everything that it has, in the end. */
  async all(scheduler: ManualScheduler): Promise<readonly unknown[]> {
    if (this.view === 'deliveries' || this.view === 'recv too') {
      for (let left = this.#entries.length + 2; left > 0; left -= 1) {
        this.pull('deliveries');
      }
    } else {
      this.subscribe();
    }
    scheduler.flush();
    this.turn();
    await Promise.all(this.#pulled);
    return this.told;
  }

  /** Answers those who have asked, as far as there is something. */
  #serve(): void {
    for (let [how] = this.#asked; how !== undefined; [how] = this.#asked) {
      if (how === 'recv' && waitingOf(this.#entries).length > 0) {
        // It passes what is missing over.
        this.#entries = this.#entries.slice(this.#entries.findIndex(({ isLost }) => !isLost));
      }
      if (how === 'recv' ? waitingOf(this.#entries).length > 0 : this.#entries.length > 0) {
        this.expected.push(takeFirst(this.#entries));
      } else if (this.#hasEnded) {
        const isError = this.policy.name === 'evict' && this.#lagged > 0 && !this.expected.includes(AFTER_ERROR);
        this.expected.push(isError ? AFTER_ERROR : undefined);
      } else {
        return;
      }
      this.#asked.shift();
    }
  }
}

const publishing = fc.record({
  kinds: fc.array(fc.constantFrom('chat', 'chat', 'chat', 'end', 'barrier', '__proto__'), {
    minLength: 1,
    maxLength: 6,
  }),
  /** How many come together: also more than a small burst, and more than a large queue holds. */
  count: fc.constantFrom(1, 2, 3, 5, 9, 70, 140),
  connectorId: fc.constantFrom('a', 'a', 'b'),
});
const step = fc.oneof(
  { weight: 6, arbitrary: publishing },
  { weight: 2, arbitrary: fc.constant('turn' as const) },
  { weight: 4, arbitrary: fc.record({ pulls: fc.nat(7), how: fc.constantFrom('deliveries', 'recv') }) },
  { weight: 1, arbitrary: fc.record({ subscribes: fc.nat(7) }) },
);
const receivers = fc.array(
  fc.record({
    capacity: fc.constantFrom(1, 2, 3, 64, 65, 100),
    view: fc.constantFrom(...VIEWS),
    connectorId: fc.constantFrom('a', 'a', 'b', undefined),
  }),
  { minLength: 1, maxLength: 5 },
);

describe.each(POLICIES)('deliveries, overflow: $name', (policy) => {
  it('laws 19 and 22: tell what a plain list does that keeps what is missing in its place', async () => {
    await fc.assert(
      fc.asyncProperty(receivers, fc.array(step, { maxLength: 40 }), async (wanted, story) => {
        const scheduler = new ManualScheduler();
        const bus = new SharingBus<number>({ scheduler });
        const all = wanted.map((one) => new Comparison(bus, policy, one.capacity, one.view, one.connectorId));
        let payload = 0;
        for (const one of story) {
          if (one === 'turn') {
            scheduler.flush();
            all.forEach((each) => {
              each.turn();
            });
          } else if ('count' in one) {
            for (let index = 0; index < one.count; index += 1) {
              const kind = one.kinds[index % one.kinds.length] as string;
              bus.publish(event(payload, { kind, connectorId: one.connectorId }));
              all.forEach((each) => {
                each.publish({ payload, kind }, one.connectorId);
              });
              payload += 1;
            }
          } else if ('pulls' in one) {
            const each = all[one.pulls % all.length] as Comparison;
            if (each.view === 'deliveries') {
              each.pull('deliveries');
            } else if (each.view === 'recv too') {
              each.pull(one.how);
            }
          } else {
            const each = all[one.subscribes % all.length] as Comparison;
            if (each.view === 'late') {
              each.subscribe();
            }
          }
        }
        all.forEach((each) => {
          each.end();
        });
        for (const each of all) {
          const told = await each.all(scheduler);
          expect(told).toEqual(each.expected);
          expect(each.receiver.lagged).toBe(each.lagged);
          if (each.view !== 'events$' && each.view !== 'recv too') {
            const gaps = told.filter((one): one is Told => Array.isArray(one));
            expect(missedIn(gaps)).toBe(each.receiver.lagged);
          }
        }
      }),
      { numRuns: 150 },
    );
  });

  it('law 25: tell the events that events$ tells, and the gaps cost none', () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), fc.constantFrom(1, 3, 64), (story, capacity) => {
        const scheduler = new ManualScheduler();
        const bus = new SharingBus<number>({ scheduler });
        const make = (): BusReceiver<number> =>
          bus.subscribeFiltered(EventFilter.connectorId('a'), { ...policy.options, capacity });
        const [plain, told] = [make(), make()];
        const { values } = collectPayloads(plain.events$);
        const deliveries = collect(told.deliveries$);
        let payload = 0;
        for (const one of story) {
          if (one === 'turn') {
            scheduler.flush();
          } else if ('count' in one) {
            for (let index = 0; index < one.count; index += 1) {
              bus.publish(event(payload, { kind: one.kinds[index % one.kinds.length] as string, connectorId: 'a' }));
              payload += 1;
            }
          }
        }
        bus.close();
        scheduler.flush();
        expect(deliveries.values.flatMap((one) => (one.type === 'event' ? [one.event.event] : []))).toEqual(values);
        expect(told.lagged).toBe(plain.lagged);
      }),
      { numRuns: 60 },
    );
  });
});
