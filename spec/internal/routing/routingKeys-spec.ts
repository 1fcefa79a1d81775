import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  finding,
  hasPredicate,
  KEY_FIELDS,
  type KeyField,
  type RoutingKey,
} from '../../../lib/internal/dispatch/routingKeys.js';
import { type BusEvent, canonicalBusEvent } from '../../../lib/events/BusEvent.js';
import { canonicalFilter, EventFilter, matches } from '../../../lib/events/EventFilter.js';
import { anyEvent, anyFilter } from '../../support/arbitraries.js';
import { uuid } from '../../support/events.js';

const ID = uuid(10);
const where = EventFilter.where<string>(() => true);
const KEYED: Readonly<Record<KeyField, EventFilter<string>>> = {
  session: EventFilter.session('c', 's'),
  scrollId: EventFilter.scrollId(ID),
  connectorUid: EventFilter.connectorUid(ID),
  connectorId: EventFilter.connectorId('c'),
  kind: EventFilter.kind('k'),
  origin: EventFilter.origin('o'),
  any: EventFilter.all,
};
const KEY: Readonly<Record<KeyField, RoutingKey>> = {
  session: { field: 'session', value: 'c', nativeSessionId: 's' },
  scrollId: { field: 'scrollId', value: ID },
  connectorUid: { field: 'connectorUid', value: ID },
  connectorId: { field: 'connectorId', value: 'c' },
  kind: { field: 'kind', value: 'k' },
  origin: { field: 'origin', value: 'o' },
  any: { field: 'any', value: '' },
};

function hasKey({ routing, origin }: BusEvent<number>, { field, value, nativeSessionId }: RoutingKey): boolean {
  switch (field) {
    case 'any':
      return true;
    case 'origin':
      return origin === value;
    case 'session':
      return routing.connectorId === value && routing.nativeSessionId === nativeSessionId;
    default:
      return routing[field] === value;
  }
}

/** The keys and the rest of each filter. */
function found<E>(...filters: EventFilter<E>[]): unknown[] {
  return filters.map((filter) => {
    const { keys, rest } = finding(filter);
    return [keys, rest];
  });
}

describe('finding', () => {
  it('law 19: an event matches if and only if it has one of the keys and passes the rest, whatever the filter', () => {
    let hits = 0;
    let misses = 0;
    fc.assert(
      fc.property(anyFilter, fc.array(anyEvent, { minLength: 1, maxLength: 12 }), (filter, events) => {
        const canonical = canonicalFilter(filter);
        const { keys, rest } = finding(canonical);
        for (const busEvent of events.map((one) => canonicalBusEvent(one))) {
          const isFound = keys.some((key) => hasKey(busEvent, key)) && (rest === undefined || matches(rest, busEvent));
          expect(isFound).toBe(matches(canonical, busEvent));
          hits += Number(isFound);
          misses += Number(!isFound);
        }
        expect(new Set(keys.map((key) => JSON.stringify(key))).size).toBe(keys.length);
      }),
      { numRuns: 500 },
    );
    expect(Math.min(hits, misses)).toBeGreaterThan(500);
  });

  it.each(KEY_FIELDS)('the key of a filter on %s decides it', (field) => {
    expect(found(KEYED[field])).toEqual([[[KEY[field]], undefined]]);
  });

  it('several kinds, or origins, are several keys; none are none; the same are one', () => {
    const kinds = [KEY.kind, { field: 'kind', value: 'l' }];
    const origins = [KEY.origin, { field: 'origin', value: 'p' }];
    expect(found(EventFilter.kind('k', 'l', 'k'), EventFilter.kind())).toEqual([
      [kinds, undefined],
      [[], undefined],
    ]);
    expect(found(EventFilter.origin('o', 'p', 'p'), EventFilter.origin())).toEqual([
      [origins, undefined],
      [[], undefined],
    ]);
  });

  it('not and where are asked about any event', () => {
    const not = EventFilter.not<string>(KEYED.session);
    expect(found(not, where)).toEqual([
      [[KEY.any], not],
      [[KEY.any], where],
    ]);
  });

  it('an and is found by its most selective part, wherever that stands, and asked for the others', () => {
    KEY_FIELDS.forEach((better, i) => {
      for (const worse of KEY_FIELDS.slice(i + 1)) {
        const [one, other] = [KEYED[better], KEYED[worse]];
        const rest = worse === 'any' ? undefined : other;
        expect(found(EventFilter.and(one, other), EventFilter.and(other, one))).toEqual([
          [[KEY[better]], rest],
          [[KEY[better]], rest],
        ]);
        expect(found(EventFilter.and(other, where, one))).toEqual([
          [[KEY[better]], rest === undefined ? where : EventFilter.and(rest, where)],
        ]);
      }
    });
  });

  it('an and of equally selective parts is found by the one with fewer keys', () => {
    const [one, two] = [EventFilter.kind('k'), EventFilter.kind('k', 'l')];
    expect(found(EventFilter.and<string>(two, one), EventFilter.and<string>(one, two))).toEqual([
      [[KEY.kind], two],
      [[KEY.kind], two],
    ]);
  });

  it('an and with a part that nothing matches is listed nowhere', () => {
    for (const filter of [
      EventFilter.and<string>(KEYED.session, EventFilter.kind()),
      EventFilter.and<string>(EventFilter.or(), KEYED.session, where),
    ]) {
      expect(finding(filter).keys).toEqual([]);
    }
  });

  it('an and without parts is all', () => {
    expect(found(EventFilter.and<string>())).toEqual([[[KEY.any], undefined]]);
  });

  it('an or is found by the keys of all its parts, and asked only where one of them has a rest', () => {
    const both = EventFilter.and(KEYED.session, where);
    const asking = EventFilter.or(KEYED.scrollId, both);
    expect(found(EventFilter.or(KEYED.scrollId, KEYED.kind, KEYED.kind), asking, EventFilter.or<string>())).toEqual([
      [[KEY.scrollId, KEY.kind], undefined],
      [[KEY.scrollId, KEY.session], asking],
      [[], undefined],
    ]);
  });

  it('an or is asked about any event where one of its parts is, and is not asked where one of them is all', () => {
    const asking = EventFilter.or(KEYED.scrollId, where);
    expect(found(asking, EventFilter.or(where, EventFilter.all))).toEqual([
      [[KEY.any], asking],
      [[KEY.any], undefined],
    ]);
  });

  it('an or is as selective as its least selective part', () => {
    const mixed = EventFilter.or(KEYED.session, KEYED.origin);
    expect(finding(EventFilter.and(mixed, KEYED.kind)).keys).toEqual([KEY.kind]);
    expect(finding(EventFilter.and(mixed, where)).keys).toEqual([KEY.session, KEY.origin]);
  });
});

describe('hasPredicate', () => {
  it('finds one wherever it stands, and none where there is none', () => {
    const { session, kind } = KEYED;
    const without = [
      ...Object.values(KEYED),
      EventFilter.and<string>(),
      EventFilter.or(EventFilter.and(session, kind), EventFilter.not(kind)),
    ];
    const having = [where, ...without.flatMap((one) => [EventFilter.and(one, where), EventFilter.or(one, where)])];
    const deep = having.map((one) => EventFilter.or(kind, EventFilter.not(EventFilter.and(session, one))));
    expect([...having, ...deep].map(hasPredicate)).toEqual(Array(2 * having.length).fill(true));
    expect(without.map(hasPredicate)).toEqual(Array(without.length).fill(false));
  });
});
