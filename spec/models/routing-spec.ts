import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type BusEvent, type BusReceiver, EventFilter, matches, parseUuid, SharingBus } from '../../lib/index.js';
import { anyEvent, anyFilter } from '../support/arbitraries.js';
import { collectPayloads } from '../support/collect.js';
import { event, uuid } from '../support/events.js';
import { ManualScheduler } from '../support/ManualScheduler.js';

/** What a filter means, as plainly as can be: law 9 for ids, and no short cuts. */
function means(filter: EventFilter<number>, busEvent: BusEvent<number>): boolean {
  const { routing } = busEvent;
  const sameId = (id: string, given: string | undefined): boolean =>
    given !== undefined && parseUuid(id) === parseUuid(given);
  switch (filter.type) {
    case 'all':
      return true;
    case 'scrollId':
    case 'connectorUid':
      return sameId(filter.id, routing[filter.type]);
    case 'connectorId':
      return routing.connectorId === filter.connectorId;
    case 'session':
      return routing.connectorId === filter.connectorId && routing.nativeSessionId === filter.nativeSessionId;
    case 'kind':
      return filter.kinds.some((one) => one === routing.kind);
    case 'origin':
      return filter.origins.some((one) => one === busEvent.origin);
    case 'and':
      return filter.filters.filter((one) => !means(one, busEvent)).length === 0;
    case 'or':
      return filter.filters.filter((one) => means(one, busEvent)).length > 0;
    case 'not':
      return !means(filter.filter, busEvent);
    case 'where':
      return filter.predicate(busEvent);
  }
}

/** A receiver, beside the list of what it ought to get. */
interface Pair {
  readonly filter: EventFilter<number>;
  readonly receiver: BusReceiver<number>;
  readonly values: readonly number[];
  /** Payloads that the model has delivered. */
  readonly expected: number[];
  /** Payloads that wait in the model. */
  waiting: number[];
}

type Step =
  | { readonly burst: readonly BusEvent<number>[] }
  | { readonly subscribe: EventFilter<number> }
  | { readonly close: number }
  | { readonly dispose: number }
  | 'flush';

const anyStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({
      burst: fc.array(anyEvent as fc.Arbitrary<BusEvent<number>>, { minLength: 1, maxLength: 8 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ subscribe: anyFilter }) },
  { weight: 1, arbitrary: fc.record({ close: fc.nat() }) },
  { weight: 1, arbitrary: fc.record({ dispose: fc.nat() }) },
  { weight: 4, arbitrary: fc.constant('flush' as const) },
);

/** A bus, and for each of its receivers a list that `matches` fills by a scan of all of them. */
class Comparison {
  hits = 0;
  misses = 0;
  readonly #scheduler = new ManualScheduler();
  readonly #bus = new SharingBus<number>({ scheduler: this.#scheduler });
  readonly #open: Pair[] = [];
  readonly #gone: Pair[] = [];
  /** Where `matches` does not say what the filter means. */
  readonly #misunderstood: unknown[] = [];

  run(step: Step): void {
    if (step === 'flush') {
      this.flush();
    } else if ('burst' in step) {
      step.burst.forEach((busEvent) => {
        this.#publish(busEvent);
      });
    } else if ('subscribe' in step) {
      this.subscribe(step.subscribe);
    } else if ('close' in step) {
      this.#take(step.close)?.receiver.close();
    } else {
      const left = this.#take(step.dispose);
      left?.receiver[Symbol.dispose]();
      left?.waiting.splice(0);
    }
    expect(this.#bus.subscriberCount).toBe(this.#open.length);
  }

  subscribe(filter: EventFilter<number>): void {
    const receiver = this.#bus.subscribeFiltered(filter, 2_000);
    const { values } = collectPayloads(receiver.events$);
    this.#open.push({ filter, receiver, values, expected: [], waiting: [] });
  }

  flush(): void {
    this.#scheduler.flush();
    const all = [...this.#open, ...this.#gone];
    all.forEach(({ expected, waiting }) => {
      expected.push(...waiting.splice(0));
    });
    expect(all.map(({ values }) => values)).toEqual(all.map(({ expected }) => expected));
    expect(this.#misunderstood).toEqual([]);
  }

  /** The pair that `index` stands for is open no longer. */
  #take(index: number): Pair | undefined {
    const taken = this.#open.splice(index % (this.#open.length || 1), 1);
    this.#gone.push(...taken);
    return taken[0];
  }

  #publish(busEvent: BusEvent<number>): void {
    for (const { filter, waiting } of this.#open) {
      const isFor = matches(filter, busEvent);
      if (isFor !== means(filter, busEvent)) {
        this.#misunderstood.push({ filter, busEvent });
      }
      if (isFor) {
        waiting.push(busEvent.event);
        this.hits += 1;
      } else {
        this.misses += 1;
      }
    }
    this.#bus.publish(busEvent);
  }
}

describe('routing', () => {
  it('law 19: delivers what a scan with matches() finds, as receivers come and go, and matches() is what a filter means', () => {
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(
        fc.array(anyFilter, { minLength: 1, maxLength: 6 }),
        fc.array(anyStep, { minLength: 1, maxLength: 24, size: 'max' }),
        (filters, steps) => {
          const comparison = new Comparison();
          filters.forEach((filter) => {
            comparison.subscribe(filter);
          });
          steps.forEach((step) => {
            comparison.run(step);
          });
          comparison.flush();
          hits += comparison.hits;
          misses += comparison.misses;
        },
      ),
      { numRuns: 400 },
    );
    // The property is worth something only where both happen often.
    expect(Math.min(hits, misses)).toBeGreaterThan(2_000);
  });

  it('law 19: a filter that names several keys of one event gets that event once', () => {
    const comparison = new Comparison();
    const busEvent = event(1, {
      kind: 'k',
      scrollId: uuid(10),
      connectorUid: uuid(11),
      connectorId: 'a',
      nativeSessionId: 'c',
    });
    const parts: EventFilter<number>[] = [
      EventFilter.session('a', 'c'),
      EventFilter.scrollId(uuid(10)),
      EventFilter.connectorUid(uuid(11)),
      EventFilter.connectorId('a'),
      EventFilter.kind('k', 'k'),
      EventFilter.origin('runtime'),
    ];
    for (const one of parts) {
      for (const other of parts) {
        comparison.subscribe(EventFilter.or(one, other));
        comparison.subscribe(EventFilter.and(one, other));
        comparison.subscribe(EventFilter.and(EventFilter.or(one, other), EventFilter.or(...parts)));
        comparison.subscribe(EventFilter.or(EventFilter.and(one, other), EventFilter.not(EventFilter.not(other))));
        comparison.subscribe(EventFilter.and(one, EventFilter.not(other)));
      }
    }
    for (let burst = 0; burst < 3; burst += 1) {
      comparison.run({ burst: [busEvent, busEvent, event(2), event(3, { kind: 'k' }), busEvent] });
      comparison.flush();
    }
  });
});
