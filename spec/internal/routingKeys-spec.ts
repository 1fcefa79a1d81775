import { describe, expect, it } from '@jest/globals';
import { decidedByKeys, KEY_FIELDS, type RoutingKey, routingKeys } from '../../lib/internal/routingKeys.js';
import { EventFilter } from '../../lib/protocol/EventFilter.js';
import { uuid } from '../support/events.js';

const ID = uuid(10);
const where = EventFilter.where<string>(() => true);
const KEYED: Readonly<Record<(typeof KEY_FIELDS)[number], EventFilter<string>>> = {
  session: EventFilter.session('c', 's'),
  scrollId: EventFilter.scrollId(ID),
  connectorUid: EventFilter.connectorUid(ID),
  connectorId: EventFilter.connectorId('c'),
  kind: EventFilter.kind('k'),
  origin: EventFilter.origin('o'),
};
const KEY: Readonly<Record<(typeof KEY_FIELDS)[number], RoutingKey>> = {
  session: { field: 'session', value: 'c', nativeSessionId: 's' },
  scrollId: { field: 'scrollId', value: ID },
  connectorUid: { field: 'connectorUid', value: ID },
  connectorId: { field: 'connectorId', value: 'c' },
  kind: { field: 'kind', value: 'k' },
  origin: { field: 'origin', value: 'o' },
};

describe('routingKeys', () => {
  it.each(KEY_FIELDS)('a filter on %s has its key', (field) => {
    expect(routingKeys(KEYED[field])).toEqual([KEY[field]]);
    expect(decidedByKeys(KEYED[field])).toBe(true);
  });

  it('several kinds, or origins, are several keys; none are none', () => {
    expect(routingKeys(EventFilter.kind('k', 'l'))).toEqual([KEY.kind, { field: 'kind', value: 'l' }]);
    expect(routingKeys(EventFilter.origin('o', 'p'))).toEqual([KEY.origin, { field: 'origin', value: 'p' }]);
    expect([routingKeys(EventFilter.kind()), routingKeys(EventFilter.origin())]).toEqual([[], []]);
  });

  it('all, not and where have none: such a receiver is asked about every event', () => {
    for (const filter of [EventFilter.all, EventFilter.not<string>(KEYED.session), where]) {
      expect(routingKeys(filter)).toBeUndefined();
    }
    expect([EventFilter.all, EventFilter.not<string>(KEYED.kind), where].map(decidedByKeys)).toEqual([
      true,
      false,
      false,
    ]);
  });

  it('an and has the keys of its most selective part, wherever that stands', () => {
    KEY_FIELDS.forEach((better, i) => {
      for (const worse of KEY_FIELDS.slice(i + 1)) {
        for (const parts of [
          [KEYED[better], KEYED[worse]],
          [KEYED[worse], where, KEYED[better]],
        ]) {
          expect(routingKeys(EventFilter.and(...parts))).toEqual([KEY[better]]);
          expect(decidedByKeys(EventFilter.and(...parts))).toBe(false);
        }
      }
    });
  });

  it('an and of equally selective parts has the keys of the one with fewer', () => {
    const [one, two] = [EventFilter.kind('k'), EventFilter.kind('k', 'l')];
    expect(routingKeys(EventFilter.and<string>(two, one))).toEqual([KEY.kind]);
    expect(routingKeys(EventFilter.and<string>(one, two))).toEqual([KEY.kind]);
  });

  it('an and with a part that nothing matches is listed nowhere', () => {
    expect(routingKeys(EventFilter.and<string>(KEYED.session, EventFilter.kind()))).toEqual([]);
    expect(routingKeys(EventFilter.and<string>(EventFilter.or(), KEYED.session, where))).toEqual([]);
  });

  it('an and without keyed parts, or without parts, has none', () => {
    for (const filter of [EventFilter.and<string>(), EventFilter.and(where, EventFilter.all)]) {
      expect(routingKeys(filter)).toBeUndefined();
    }
  });

  it('an or has the keys of all its parts, or none where one of them has none', () => {
    expect(routingKeys(EventFilter.or(KEYED.scrollId, KEYED.kind))).toEqual([KEY.scrollId, KEY.kind]);
    expect(routingKeys(EventFilter.or(KEYED.scrollId, where))).toBeUndefined();
    expect(routingKeys(EventFilter.or(KEYED.scrollId, EventFilter.and(KEYED.session, where)))).toEqual([
      KEY.scrollId,
      KEY.session,
    ]);
    expect(routingKeys(EventFilter.or<string>())).toEqual([]);
    expect(decidedByKeys(EventFilter.or(KEYED.scrollId, KEYED.kind))).toBe(true);
    expect(decidedByKeys(EventFilter.or(KEYED.scrollId, EventFilter.and(KEYED.session, where)))).toBe(false);
  });

  it('an or is as selective as its least selective part', () => {
    const mixed = EventFilter.or(KEYED.session, KEYED.origin);
    expect(routingKeys(EventFilter.and(mixed, KEYED.kind))).toEqual([KEY.kind]);
    expect(routingKeys(EventFilter.and(mixed, where))).toEqual([KEY.session, KEY.origin]);
  });
});
