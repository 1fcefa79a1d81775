import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Batch } from '../../../lib/internal/dispatch/Batch.js';
import { Router } from '../../../lib/internal/dispatch/Router.js';
import { KEY_FIELDS, type KeyField } from '../../../lib/internal/dispatch/routingKeys.js';
import { type BusEvent, canonicalBusEvent, type EventRouting } from '../../../lib/events/BusEvent.js';
import { canonicalFilter, EventFilter, matches } from '../../../lib/events/EventFilter.js';
import { parseUuid } from '../../../lib/events/Uuid.js';
import { anyEvent, anyFilter } from '../../support/arbitraries.js';
import { survivors } from '../../support/collectGarbage.js';
import { event, uuid } from '../../support/events.js';
import { Recorder } from '../../support/Recorder.js';

/** The number of each router's next event. */
const firsts = new WeakMap<Router<number>, number>();

/** Finds the destinations of each event, and then hands over all that have any. */
function route(router: Router<number>, ...busEvents: BusEvent<number>[]): void {
  const first = firsts.get(router) ?? 0;
  const batch = new Batch<number>(first, Date.now);
  for (const busEvent of busEvents) {
    batch.events.push(busEvent);
    if (!router.find(busEvent, batch)) {
      batch.events.pop();
    }
  }
  firsts.set(router, first + batch.events.length);
  if (batch.events.length > 0) {
    router.handOver(batch);
  }
}

function added(router: Router<number>, filter: EventFilter<number>): Recorder {
  const recorder = new Recorder();
  router.add(recorder, canonicalFilter(filter));
  return recorder;
}

/** A predicate that counts how often it is asked, and answers no. */
function counting(): { readonly where: EventFilter<number>; asked: number } {
  const state = {
    where: EventFilter.where<number>(() => {
      state.asked += 1;
      return false;
    }),
    asked: 0,
  };
  return state;
}

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ burst: fc.array(anyEvent, { minLength: 1, maxLength: 8 }) }) },
  { weight: 2, arbitrary: fc.record({ add: anyFilter }) },
  { weight: 1, arbitrary: fc.record({ remove: fc.nat() }) },
);

/** What a filter means, said as plainly as can be: law 9 for ids, and no short cuts. */
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

type NamedField = Exclude<KeyField, 'any'>;
const FIELDS = KEY_FIELDS.filter((field): field is NamedField => field !== 'any');

/** What makes an event another one, by the key that it then lacks. */
const OTHERS: Readonly<Record<NamedField, Partial<EventRouting>>> = {
  session: { connectorId: 'c', nativeSessionId: 'other' },
  scrollId: { scrollId: uuid(11) },
  connectorUid: { connectorUid: uuid(11) },
  connectorId: { connectorId: 'other' },
  kind: { kind: 'other' },
  origin: {},
};
const HERE: Partial<EventRouting> = {
  connectorId: 'c',
  nativeSessionId: 's',
  scrollId: uuid(10),
  connectorUid: uuid(10),
  kind: 'k',
};
const FILTERS: Readonly<Record<NamedField, EventFilter<number>>> = {
  session: EventFilter.session('c', 's'),
  scrollId: EventFilter.scrollId(uuid(10)),
  connectorUid: EventFilter.connectorUid(uuid(10)),
  connectorId: EventFilter.connectorId('c'),
  kind: EventFilter.kind('k'),
  origin: EventFilter.origin('runtime'),
};
const PARTS = FIELDS.map((field) => FILTERS[field]);
const here = event(1, HERE);

/** As `here`, but for the key of `field`. */
function elsewhere(field: NamedField): BusEvent<number> {
  return { ...event(2, { ...HERE, ...OTHERS[field] }), origin: field === 'origin' ? 'agent' : 'runtime' };
}

describe('Router', () => {
  it('law 19: delivers what a linear scan with matches delivers, as destinations come and go, and matches says what is meant', () => {
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(
        fc.array(anyFilter, { minLength: 1, maxLength: 6 }),
        fc.array(anyStep, { minLength: 1, maxLength: 20, size: 'max' }),
        (filters, steps) => {
          const router = new Router<number>();
          const routes = filters.map((filter) => ({ filter, recorder: added(router, filter) }));
          const gone: Recorder[] = [];
          for (const step of steps) {
            if ('add' in step) {
              routes.push({ filter: step.add, recorder: added(router, step.add) });
            } else if ('remove' in step) {
              const [removed] = routes.splice(step.remove % (routes.length + 1), 1);
              if (removed !== undefined) {
                router.remove(removed.recorder);
                removed.recorder.offered.length = 0;
                gone.push(removed.recorder);
              }
            } else {
              const { burst } = step;
              const wanted = (agrees: typeof matches<number>): number[][] =>
                routes.map(({ filter }) => burst.filter((one) => agrees(filter, one)).map((one) => one.event));
              const expected = wanted(matches);
              expect(expected).toEqual(wanted(means));
              const count = expected.flat().length;
              hits += count;
              misses += routes.length * burst.length - count;
              route(router, ...burst.map((one) => canonicalBusEvent(one)));
              expect(routes.map(({ recorder }) => recorder.offered.splice(0))).toEqual(expected);
            }
          }
          expect(gone.flatMap(({ offered }) => offered)).toEqual([]);
          expect(router.size).toBe(routes.length);
        },
      ),
      { numRuns: 400 },
    );
    // The property is worth something only where both happen often.
    expect(Math.min(hits, misses)).toBeGreaterThan(2_000);
  });

  it.each(FIELDS)('law 19: one that asks for a %s is not asked about events of another', (field) => {
    const router = new Router<number>();
    const counter = counting();
    added(router, EventFilter.and(counter.where, FILTERS[field]));
    for (let i = 0; i < 5; i += 1) {
      route(router, elsewhere(field));
    }
    expect(counter.asked).toBe(0);
    route(router, here);
    expect(counter.asked).toBe(1);
  });

  it('law 19: nor is one whose key is absent from the event', () => {
    const router = new Router<number>();
    const counter = counting();
    for (const field of ['session', 'scrollId', 'connectorUid', 'connectorId'] as const) {
      added(router, EventFilter.and(counter.where, FILTERS[field]));
    }
    route(router, event(1));
    route(router, event(1, { connectorId: undefined, nativeSessionId: 's' }));
    expect(counter.asked).toBe(0);
  });

  it('law 19: a composite is found by the most selective key that it has', () => {
    FIELDS.forEach((better, i) => {
      // An event of another session may still be one of the same connector, and the other way round it may not.
      for (const worse of FIELDS.slice(i + 1)) {
        const router = new Router<number>();
        const counter = counting();
        added(router, EventFilter.and(counter.where, FILTERS[worse], FILTERS[better]));
        route(router, elsewhere(better));
        expect([better, worse, counter.asked]).toEqual([better, worse, 0]);
        route(router, here);
        expect([better, worse, counter.asked]).toEqual([better, worse, 1]);
      }
    });
  });

  it('law 19: one that asks for several keys is asked once about an event that has them all, and offered it once', () => {
    const router = new Router<number>();
    const counter = counting();
    const all = EventFilter.or(...PARTS);
    const undecided = added(router, EventFilter.and(counter.where, all));
    const decided = added(router, all);
    route(router, here, here);
    route(router, here);
    expect([counter.asked, undecided.offered, decided.offered]).toEqual([3, [], [1, 1, 1]]);
  });

  it('law 4: sessions are pairs, whatever the characters', () => {
    const router = new Router<number>();
    const one = added(router, EventFilter.session('a', 'b:c'));
    const other = added(router, EventFilter.session('a:b', 'c'));
    route(router, event(1, { connectorId: 'a', nativeSessionId: 'b:c' }));
    route(router, event(2, { connectorId: 'a:b', nativeSessionId: 'c' }));
    route(router, event(3, { connectorId: 'a', nativeSessionId: 'c' }));
    expect([one.offered, other.offered]).toEqual([[1], [2]]);
  });

  it('law 16: one whose predicate throws fails with that error, is not asked again, and the others go on', () => {
    for (const thrown of [new Error('no'), undefined, 'text']) {
      for (const part of [EventFilter.all, ...PARTS, EventFilter.or(...PARTS)]) {
        const router = new Router<number>();
        let asked = 0;
        const throwing = EventFilter.and(
          part,
          EventFilter.where<number>(({ event: payload }) => {
            asked += 1;
            if (payload === 2) {
              throw thrown;
            }
            return true;
          }),
        );
        const before = added(router, part);
        const failing = [added(router, throwing), added(router, throwing)];
        const after = added(router, part);
        route(router, here, event(2, HERE), event(3, HERE));
        route(router, here);
        expect(asked).toBe(2 * 2);
        expect(failing.map(({ failures, offered }) => [failures, offered])).toEqual([
          [[thrown], [1]],
          [[thrown], [1]],
        ]);
        expect([before.offered, after.offered, before.failures]).toEqual([[1, 2, 3, 1], [1, 2, 3, 1], []]);
      }
    }
  });

  it('to remove one that is not there, or twice, does nothing', () => {
    const router = new Router<number>();
    const stays = added(router, FILTERS.session);
    const leaves = added(router, FILTERS.session);
    router.remove(new Recorder());
    router.remove(leaves);
    router.remove(leaves);
    route(router, here);
    expect([stays.offered, leaves.offered]).toEqual([[1], []]);
  });

  it('one that is listed several times under one key leaves it whole', () => {
    const router = new Router<number>();
    for (const filter of [
      EventFilter.kind('k', 'k'),
      EventFilter.or<number>(FILTERS.session, FILTERS.session, EventFilter.session('c', 'other')),
    ]) {
      const recorder = added(router, filter);
      route(router, here);
      router.remove(recorder);
      route(router, here);
      expect(recorder.offered).toEqual([1]);
    }
  });

  it('counts who is listed, also who is listed nowhere or in several places', () => {
    const router = new Router<number>();
    const listed = [EventFilter.or<number>(), EventFilter.all, EventFilter.or(...PARTS)].map((one) =>
      added(router, one),
    );
    expect([router.size, listed.map(({ router: its }) => its === router)]).toEqual([3, [true, true, true]]);
    for (const one of listed) {
      router.remove(one);
      router.remove(one);
    }
    expect([router.size, listed.map(({ router: its }) => its)]).toEqual([0, [undefined, undefined, undefined]]);
  });

  it('law 9: knows the ids of the scrolls and connectors that somebody is listed by, and no other text', () => {
    const router = new Router<number>();
    const listed = [FILTERS.scrollId, EventFilter.connectorUid(uuid(11)), EventFilter.kind(uuid(12))].map((filter) =>
      added(router, filter),
    );
    const known = (): boolean[] => [uuid(10), uuid(11), uuid(12), uuid(10).toUpperCase()].map((id) => router.knows(id));
    expect([known(), known()]).toEqual([
      [true, true, false, false],
      [true, true, false, false],
    ]);
    listed.forEach((one) => {
      router.remove(one);
    });
    expect(known()).toEqual([false, false, false, false]);
  });

  it('law 22: a full one is refused once for each event, however it is listed, and leaves with the count', () => {
    for (const filter of [
      EventFilter.all,
      ...PARTS,
      EventFilter.or(...PARTS),
      EventFilter.not(EventFilter.kind('other')),
    ]) {
      const router = new Router<number>();
      const full = new Recorder(1);
      router.add(full, filter);
      const neighbour = added(router, filter);
      route(router, here, here);
      route(router, here, here, here);
      expect([full.offered, full.lagged, neighbour.offered.length]).toEqual([[1], 4, 5]);
      router.remove(full);
      route(router, here);
      expect([full.parkedIn, full.lagged, neighbour.offered.length]).toEqual([undefined, 4, 6]);
    }
  });

  it('law 34: keeps nothing of those that were removed or failed', async () => {
    const router = new Router<number>();
    const stays = added(router, EventFilter.all);
    const where = EventFilter.where<number>(() => {
      throw new Error('no');
    });
    const filters = [
      EventFilter.all,
      ...PARTS,
      EventFilter.or(...PARTS),
      where,
      EventFilter.and(FILTERS.session, where),
    ];
    const refs = filters.map((filter) => {
      const leaving = added(router, filter);
      route(router, here);
      router.remove(leaving);
      return new WeakRef(leaving);
    });
    expect(await survivors(refs)).toBe(0);
    expect(stays.offered).toHaveLength(filters.length);
  });
});
