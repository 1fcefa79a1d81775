import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Destination, Router } from '../../lib/internal/Router.js';
import { KEY_FIELDS, type KeyField } from '../../lib/internal/routingKeys.js';
import { type BusEvent, canonicalBusEvent, type EventRouting } from '../../lib/protocol/BusEvent.js';
import { canonicalFilter, EventFilter, matches } from '../../lib/protocol/EventFilter.js';
import { parseUuid } from '../../lib/protocol/Uuid.js';
import { survivors } from '../support/collectGarbage.js';
import { event, uuid } from '../support/events.js';

/** Keeps what it is offered, and what its filter threw. */
class Recorder implements Destination<number> {
  readonly offered: number[] = [];
  readonly failures: unknown[] = [];

  offer({ event: payload }: BusEvent<number>): void {
    this.offered.push(payload);
  }

  fail(error: unknown): void {
    this.failures.push(error);
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

// Small alphabets, so that filters and events often meet.
const spelled = fc
  .tuple(
    fc.constantFrom(uuid(10), uuid(11)),
    fc.constantFrom(
      (id: string) => id,
      (id: string) => id.toUpperCase(),
      (id: string) => id.replaceAll('-', ''),
      (id: string) => `{${id}}`,
      (id: string) => `urn:uuid:${id}`,
    ),
  )
  .map(([id, spell]) => spell(id));
const connectorId = fc.constantFrom('', 'a', 'a:b');
const sessionId = fc.constantFrom('', 'c', 'b:c');
const kind = fc.constantFrom('k', 'l', '__proto__');
const origin = fc.constantFrom('runtime', 'agent');

const predicate = fc.constantFrom<(busEvent: BusEvent<number>) => boolean>(
  () => true,
  () => false,
  ({ event: payload }) => payload % 2 === 0,
  ({ routing }) => routing.scrollId !== undefined,
  ({ routing }) => routing.connectorId === 'a' || routing.kind === 'l',
);

/** Filters as an application may have them: from the constructors, from JSON, or made by hand. */
const anyFilter = fc.letrec<{ filter: EventFilter<number>; leaf: EventFilter<number> }>((tie) => {
  const parts = fc.array(tie('filter'), { maxLength: 3 });
  return {
    filter: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      { weight: 3, arbitrary: tie('leaf') },
      { weight: 1, arbitrary: parts.map((filters): EventFilter<number> => ({ type: 'and', filters })) },
      { weight: 1, arbitrary: parts.map((filters): EventFilter<number> => ({ type: 'or', filters })) },
      { weight: 1, arbitrary: parts.map((filters) => EventFilter.and(...filters)) },
      { weight: 1, arbitrary: parts.map((filters) => EventFilter.or(...filters)) },
      { weight: 1, arbitrary: tie('filter').map((filter): EventFilter<number> => ({ type: 'not', filter })) },
    ),
    leaf: fc.oneof(
      fc.constant<EventFilter<number>>({ type: 'all' }),
      spelled.map((id): EventFilter<number> => ({ type: 'scrollId', id })),
      spelled.map((id) => EventFilter.connectorUid(id)),
      connectorId.map((name) => EventFilter.connectorId(name)),
      fc.tuple(connectorId, sessionId).map(([name, id]) => EventFilter.session(name, id)),
      fc.array(kind, { maxLength: 3 }).map((kinds) => EventFilter.kind(...kinds)),
      fc.array(origin, { maxLength: 2 }).map((origins): EventFilter<number> => ({ type: 'origin', origins })),
      predicate.map((answer) => EventFilter.where(answer)),
    ),
  };
}).filter;

const anyEvent = fc.record({
  routing: fc.record(
    {
      scrollId: fc.option(spelled, { nil: undefined }),
      connectorUid: spelled,
      connectorId: fc.option(connectorId, { nil: undefined }),
      nativeSessionId: fc.option(sessionId, { nil: undefined }),
      kind,
    },
    { requiredKeys: ['kind'] },
  ),
  origin,
  event: fc.nat(3),
});

const anyStep = fc.oneof(
  { weight: 4, arbitrary: fc.record({ event: anyEvent }) },
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

/** What makes an event another one, by the key that it then lacks. */
const OTHERS: Readonly<Record<KeyField, Partial<EventRouting>>> = {
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
const FILTERS: Readonly<Record<KeyField, EventFilter<number>>> = {
  session: EventFilter.session('c', 's'),
  scrollId: EventFilter.scrollId(uuid(10)),
  connectorUid: EventFilter.connectorUid(uuid(10)),
  connectorId: EventFilter.connectorId('c'),
  kind: EventFilter.kind('k'),
  origin: EventFilter.origin('runtime'),
};
const here = event(1, HERE);

/** As `here`, but for the key of `field`. */
function elsewhere(field: KeyField): BusEvent<number> {
  return { ...event(2, { ...HERE, ...OTHERS[field] }), origin: field === 'origin' ? 'agent' : 'runtime' };
}

describe('Router', () => {
  it('law 19: delivers what a linear scan with matches delivers, as destinations come and go, and matches says what is meant', () => {
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(
        fc.array(anyFilter, { minLength: 1, maxLength: 6 }),
        fc.array(anyStep, { minLength: 1, maxLength: 30, size: 'max' }),
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
              const expected = routes.map(({ filter }) => (matches(filter, step.event) ? [step.event.event] : []));
              const meant = routes.map(({ filter }) => (means(filter, step.event) ? [step.event.event] : []));
              expect(expected).toEqual(meant);
              hits += expected.filter(({ length }) => length > 0).length;
              misses += expected.filter(({ length }) => length === 0).length;
              router.route(canonicalBusEvent(step.event));
              expect(routes.map(({ recorder }) => recorder.offered.splice(0))).toEqual(expected);
            }
          }
          expect(gone.flatMap(({ offered }) => offered)).toEqual([]);
        },
      ),
      { numRuns: 400 },
    );
    // The property is worth something only where both happen often.
    expect(Math.min(hits, misses)).toBeGreaterThan(2_000);
  });

  it.each(KEY_FIELDS)('law 19: one that asks for a %s is not asked about events of another', (field) => {
    const router = new Router<number>();
    const counter = counting();
    added(router, EventFilter.and(counter.where, FILTERS[field]));
    for (let i = 0; i < 5; i += 1) {
      router.route(elsewhere(field));
    }
    expect(counter.asked).toBe(0);
    router.route(here);
    expect(counter.asked).toBe(1);
  });

  it('law 19: nor is one whose key is absent from the event', () => {
    const router = new Router<number>();
    const counter = counting();
    for (const field of ['session', 'scrollId', 'connectorUid', 'connectorId'] as const) {
      added(router, EventFilter.and(counter.where, FILTERS[field]));
    }
    router.route(event(1));
    router.route(event(1, { connectorId: undefined, nativeSessionId: 's' }));
    expect(counter.asked).toBe(0);
  });

  it('law 19: a composite is found by the most selective key that it has', () => {
    KEY_FIELDS.forEach((better, i) => {
      // An event of another session may still be one of the same connector, and the other way round it may not.
      for (const worse of KEY_FIELDS.slice(i + 1)) {
        const router = new Router<number>();
        const counter = counting();
        added(router, EventFilter.and(counter.where, FILTERS[worse], FILTERS[better]));
        router.route(elsewhere(better));
        expect([better, worse, counter.asked]).toEqual([better, worse, 0]);
        router.route(here);
        expect([better, worse, counter.asked]).toEqual([better, worse, 1]);
      }
    });
  });

  it('law 19: one that asks for several keys is asked once about an event that has them all, and offered it once', () => {
    const router = new Router<number>();
    const counter = counting();
    const all = EventFilter.or(...KEY_FIELDS.map((field) => FILTERS[field]));
    const undecided = added(router, EventFilter.and(counter.where, all));
    const decided = added(router, all);
    router.route(here);
    router.route(here);
    expect([counter.asked, undecided.offered, decided.offered]).toEqual([2, [], [1, 1]]);
  });

  it('law 4: sessions are pairs, whatever the characters', () => {
    const router = new Router<number>();
    const one = added(router, EventFilter.session('a', 'b:c'));
    const other = added(router, EventFilter.session('a:b', 'c'));
    router.route(event(1, { connectorId: 'a', nativeSessionId: 'b:c' }));
    router.route(event(2, { connectorId: 'a:b', nativeSessionId: 'c' }));
    router.route(event(3, { connectorId: 'a', nativeSessionId: 'c' }));
    expect([one.offered, other.offered]).toEqual([[1], [2]]);
  });

  it('law 16: one whose predicate throws fails with that error, is taken off, and the others go on', () => {
    for (const thrown of [new Error('no'), undefined, 'text']) {
      for (const part of [EventFilter.all, ...KEY_FIELDS.map((field) => FILTERS[field])]) {
        const router = new Router<number>();
        const throwing = EventFilter.and(
          part,
          EventFilter.where<number>(() => {
            throw thrown;
          }),
        );
        const before = added(router, part);
        const failing = [added(router, throwing), added(router, throwing)];
        const after = added(router, part);
        router.route(here);
        router.route(here);
        expect(failing.map(({ failures, offered }) => [failures, offered])).toEqual([
          [[thrown], []],
          [[thrown], []],
        ]);
        expect([before.offered, after.offered, before.failures]).toEqual([[1, 1], [1, 1], []]);
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
    router.route(here);
    expect([stays.offered, leaves.offered]).toEqual([[1], []]);
  });

  it('one that is listed several times under one key leaves it whole', () => {
    const router = new Router<number>();
    for (const filter of [
      EventFilter.kind('k', 'k'),
      EventFilter.or<number>(FILTERS.session, FILTERS.session, EventFilter.session('c', 'other')),
    ]) {
      const recorder = added(router, filter);
      router.route(here);
      router.remove(recorder);
      router.route(here);
      expect(recorder.offered).toEqual([1]);
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
      ...KEY_FIELDS.map((field) => FILTERS[field]),
      EventFilter.or(...KEY_FIELDS.map((field) => FILTERS[field])),
      where,
      EventFilter.and(FILTERS.session, where),
    ];
    const refs = filters.map((filter) => {
      const leaving = added(router, filter);
      router.route(here);
      router.remove(leaving);
      return new WeakRef(leaving);
    });
    expect(await survivors(refs)).toBe(0);
    expect(stays.offered).toHaveLength(filters.length);
  });
});
