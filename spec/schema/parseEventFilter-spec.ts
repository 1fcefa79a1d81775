import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import * as z from 'zod/mini';
import { EventFilter } from '../../lib/index.js';
import { eventFilterSchema, parseEventFilter, ValidationError } from '../../lib/schema/index.js';
import { endless, nested, problemsOf, refusalOf, revoked, throwing } from './support.js';

const UUID = '67e55044-10b1-426f-9247-bb680e5fe0c8';
const TYPES =
  '"all" or "scrollId" or "connectorUid" or "connectorId" or "session" or "kind" or "origin" or "and" or "or" or "not"';

const filters = fc.letrec<{ filter: EventFilter<unknown> }>((tie) => ({
  filter: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    fc.constant(EventFilter.all),
    fc.uuid().map((id) => EventFilter.scrollId(id)),
    fc.uuid().map((id) => EventFilter.connectorUid(id)),
    fc.string().map((name) => EventFilter.connectorId(name)),
    fc.tuple(fc.string(), fc.string()).map(([connectorId, session]) => EventFilter.session(connectorId, session)),
    fc.array(fc.string()).map((kinds) => EventFilter.kind(...kinds)),
    fc.array(fc.string()).map((origins) => EventFilter.origin(...origins)),
    fc.array(tie('filter'), { maxLength: 4 }).map((parts) => EventFilter.and(...parts)),
    fc.array(tie('filter'), { maxLength: 4 }).map((parts) => EventFilter.or(...parts)),
    tie('filter').map((part) => EventFilter.not(part)),
  ),
})).filter;

function overJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function problemsOfFilter(value: unknown): string[] {
  return problemsOf(() => parseEventFilter(value));
}

function allFrozen(value: unknown): boolean {
  return (
    typeof value !== 'object' || value === null || (Object.isFrozen(value) && Object.values(value).every(allFrozen))
  );
}

const inAnd = (inner: unknown): unknown => ({ type: 'and', filters: [inner] });
const inOr = (inner: unknown): unknown => ({ type: 'or', filters: [inner] });
const inNot = (inner: unknown): unknown => ({ type: 'not', filter: inner });

describe('parseEventFilter', () => {
  describe('what it takes', () => {
    it('gives back every filter that went over JSON, frozen', () => {
      fc.assert(
        fc.property(filters, (filter) => {
          const parsed = parseEventFilter(overJson(filter));
          expect(parsed).toStrictEqual(filter);
          expect(allFrozen(parsed)).toBe(true);
          expect(parseEventFilter(parsed)).toStrictEqual(parsed);
        }),
        { numRuns: 300 },
      );
    });

    it('makes what the constructors make: ids canonical, groups flat, `not` of `not` undone', () => {
      const all = { type: 'all' };
      const scroll = { type: 'scrollId', id: `{${UUID.toUpperCase()}}` };
      const given = inAnd(inAnd({ type: 'or', filters: [all, inOr(scroll), inNot(inNot(all))] }));
      const made = EventFilter.or(EventFilter.all, EventFilter.scrollId(UUID), EventFilter.all);
      expect(parseEventFilter(given)).toStrictEqual(EventFilter.and(made));
    });

    it('takes empty groups and lists', () => {
      for (const empty of [EventFilter.and(), EventFilter.or(), EventFilter.kind(), EventFilter.origin()]) {
        expect(parseEventFilter(overJson(empty))).toStrictEqual(empty);
      }
    });

    it.each([
      ['and and or', [inAnd, inOr]],
      ['not and and', [inNot, inAnd]],
      ['not', [inNot]],
    ] as const)('takes filters 256 deep, and not one more: %s', (_name, wraps) => {
      const chain = (depth: number): unknown => {
        let filter: unknown = { type: 'kind', kinds: ['k'] };
        for (let i = 1; i < depth; i++) {
          filter = wraps[i % wraps.length]?.(filter);
        }
        return filter;
      };
      expect(allFrozen(parseEventFilter(chain(256)))).toBe(true);
      expect(problemsOfFilter(chain(257))).toEqual([expect.stringMatching(/: is nested more than 256 deep$/)]);
    });

    it('takes 1,000 scrolls in one filter', () => {
      const many = EventFilter.or(...new Array<EventFilter>(1000).fill(EventFilter.scrollId(UUID)));
      expect(parseEventFilter(overJson(many))).toStrictEqual(many);
    });

    it('takes 4,096 entries in all, and not one more; flattening makes no filter that it would refuse', () => {
      // The fields `type` and `kinds` are two of them.
      const kinds = (count: number): unknown => ({ type: 'kind', kinds: new Array(count).fill('k') });
      expect(parseEventFilter(kinds(4094))).toEqual(kinds(4094));
      expect(problemsOfFilter(kinds(4095))).toEqual([
        'kinds: expected at most 4096 entries in the whole value, got an array of 4095',
      ]);
      const half = { type: 'or', filters: new Array(1000).fill({ type: 'all' }) };
      const flat = parseEventFilter({ type: 'or', filters: [half, half] });
      expect(parseEventFilter(overJson(flat))).toStrictEqual(flat);
    });
  });

  describe('what it refuses', () => {
    it('refuses where, and says why', () => {
      const why = 'a where filter is a function, which data cannot hold: create it in the process that has the bus';
      expect(problemsOfFilter({ type: 'where' })).toEqual([`type: ${why}`]);
      expect(problemsOfFilter(inAnd({ type: 'where', predicate: 'true' }))).toEqual([`filters[0].type: ${why}`]);
      expect(problemsOfFilter(EventFilter.not(EventFilter.where(() => true)))).toEqual([
        'filter.predicate: must be plain data, got a function',
        `filter.type: ${why}`,
      ]);
    });

    it.each(['__proto__', 'constructor', 'toString', 'ALL', ''])(
      'refuses the type %p, and says which would do',
      (type) => {
        expect(problemsOfFilter({ type })).toEqual([`type: must be ${TYPES}, got ${JSON.stringify(type)}`]);
      },
    );

    it.each([
      [undefined, 'undefined'],
      [null, 'null'],
      [3, '3'],
      ['all', '"all"'],
      [[], 'an array of 0'],
    ])('refuses %p', (value, shown) => {
      expect(problemsOfFilter(value)).toEqual([`(root): must be an object, got ${shown}`]);
    });

    it('refuses a Date, a Map, a function', () => {
      for (const value of [new Date(0), new Map([['type', 'all']]), () => true]) {
        expect(problemsOfFilter(value)).toEqual([expect.stringMatching(/^\(root\): must be plain data, got /)]);
      }
    });

    it('refuses a key that the filter does not have: dropped, it would show more than was asked', () => {
      expect(problemsOfFilter({ type: 'all', kinds: ['plan'] })).toEqual(['(root): has unknown keys: "kinds"']);
      expect(problemsOfFilter(inNot({ type: 'kind', kinds: [], kind: 'plan', not: 1 }))).toEqual([
        'filter: has unknown keys: "kind", "not"',
      ]);
      const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`key${index}`, 1]));
      expect(refusalOf(() => parseEventFilter({ type: 'all', ...many })).message.length).toBeLessThan(400);
    });

    it('lists every problem, with its path and its value', () => {
      const value = {
        type: 'and',
        filters: [
          { type: 'all' },
          { type: 'session', connectorId: null },
          { type: 'scrollId', id: 'no UUID' },
          { type: 'connectorUid', id: null },
          { type: 'kind', kinds: ['plan', 3] },
          { type: 'origin', origins: 'agent' },
          { type: 'or', filters: {} },
          { type: 'not' },
          { type: 'nope' },
          7,
        ],
      };
      const error = refusalOf(() => parseEventFilter(value));
      expect(error).toBeInstanceOf(ValidationError);
      expect(error.issues.map(({ path, message }) => `${path}: ${message}`)).toEqual([
        'filters[1].connectorId: must be a string, got null',
        'filters[1].nativeSessionId: must be a string, got undefined',
        'filters[2].id: must be a UUID, got "no UUID"',
        'filters[3].id: must be a string, got null',
        'filters[4].kinds[1]: must be a string, got 3',
        'filters[5].origins: must be an array, got "agent"',
        'filters[6].filters: must be an array, got an object',
        'filters[7].filter: must be an object, got undefined',
        `filters[8].type: must be ${TYPES}, got "nope"`,
        'filters[9]: must be an object, got 7',
      ]);
      expect(error.message).toBe(
        `not an event filter: ${error.issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`,
      );
    });

    it('refuses prototype keys at any depth', () => {
      const text = `{ "type": "and", "__proto__": { "type": "all" }, "constructor": 1, "filters": [
        { "type": "all", "__proto__": 1 }, { "type": "all", "constructor": 1 }, { "type": "all", "prototype": 1 } ] }`;
      expect(problemsOfFilter(JSON.parse(text))).toEqual([
        '__proto__: is a key that is not allowed here',
        'constructor: is a key that is not allowed here',
        'filters[0].__proto__: is a key that is not allowed here',
        'filters[1]: has unknown keys: "constructor"',
        'filters[2]: has unknown keys: "prototype"',
      ]);
    });

    it('does not take for its own what a filter inherits', () => {
      expect(problemsOfFilter(JSON.parse('{"__proto__": {"type": "all"}}'))).toEqual([
        '__proto__: is a key that is not allowed here',
        `type: must be ${TYPES}, got undefined`,
      ]);
    });

    it.each([10_000, 1_000_000])('refuses filters %i deep with one issue', (depth) => {
      const all = { type: 'all' };
      for (const deep of [
        nested(depth, inAnd, all),
        nested(depth, inOr, all),
        nested(depth, inNot, all),
        nested(depth, (inner) => [inner], all),
        nested(depth, (inner) => ({ inner }), all),
        { type: 'kind', kinds: nested(depth, (inner) => [inner], 'k') },
        { type: 'scrollId', id: nested(depth, (inner) => ({ inner }), 'k') },
      ]) {
        expect(problemsOfFilter(deep)).toEqual([expect.stringMatching(/: is nested more than 256 deep$/)]);
      }
    });

    it('refuses a filter that holds itself, and one whose parts are shared until they are endless', () => {
      const circle: { type: string; filters: unknown[] } = { type: 'and', filters: [] };
      circle.filters.push(circle);
      expect(problemsOfFilter(circle)).toEqual([expect.stringMatching(/is nested more than 256 deep$/)]);
      expect(
        problemsOfFilter(endless((left, right) => ({ type: 'or', filters: [left, right] }), { type: 'all' })),
      ).toEqual([
        expect.stringMatching(/expected at most 4096 entries in the whole value, got an (object|array of 2)$/),
      ]);
    });

    it.each([5000, 1_000_000, 2 ** 32 - 1])('refuses a list of %i with one issue', (length) => {
      const shown = `expected at most 4096 entries in the whole value, got an array of ${length}`;
      expect(problemsOfFilter({ type: 'kind', kinds: new Array(length) })).toEqual([`kinds: ${shown}`]);
      expect(problemsOfFilter({ type: 'or', filters: new Array(length) })).toEqual([`filters: ${shown}`]);
    });

    it('lists 100 problems at most', () => {
      expect(problemsOfFilter({ type: 'kind', kinds: new Array(4000).fill(3) })).toHaveLength(100);
      expect(problemsOfFilter({ type: 'kind', kinds: new Array(4000).fill(3n) })).toHaveLength(100);
    });

    it('turns what a getter or a proxy throws into an issue, and keeps it as the cause', () => {
      const boom = new Error('boom');
      const hostile = inNot({
        type: 'scrollId',
        get id(): never {
          return throwing(boom);
        },
      });
      const error = refusalOf(() => parseEventFilter(hostile));
      expect(error.issues).toEqual([{ path: 'filter.id', message: 'reading it threw "Error: boom"' }]);
      expect(error.cause).toBe(boom);
      expect(refusalOf(() => parseEventFilter(inAnd(revoked()))).issues[0]?.path).toBe('filters[0]');
    });

    it('gives a filter or a ValidationError, and nothing else, for anything, and leaves every prototype alone', () => {
      const before = Reflect.ownKeys(Object.prototype);
      const part = fc.anything({ withBigInt: true, withMap: true, withNullPrototype: true, withSparseArray: true });
      const almost = fc.letrec((tie) => ({
        filter: fc.oneof(
          { depthSize: 'small' },
          part,
          fc.record(
            {
              type: fc.constantFrom('and', 'or', 'not', 'kind', 'scrollId', 'session', 'all', 'where', '__proto__'),
              filters: fc.oneof(fc.array(tie('filter'), { maxLength: 3 }), part),
              filter: tie('filter'),
              kinds: part,
              id: fc.oneof(fc.uuid(), part),
              constructor: part,
            },
            { requiredKeys: ['type'] },
          ),
        ),
      })).filter;
      fc.assert(
        fc.property(almost, (value) => {
          try {
            expect(allFrozen(parseEventFilter(value))).toBe(true);
          } catch (error) {
            expect(error).toBeInstanceOf(ValidationError);
          }
        }),
        { numRuns: 500 },
      );
      expect(Reflect.ownKeys(Object.prototype)).toEqual(before);
    });
  });
});

describe('eventFilterSchema', () => {
  it('is safe by itself, inside a schema of the application too', () => {
    const request = z.object({ filter: eventFilterSchema, capacity: z.number() });
    expect(z.safeParse(request, { filter: nested(1_000_000, inNot, {}), capacity: 1 }).success).toBe(false);
    expect(z.parse(request, { filter: { type: 'all' }, capacity: 1 }).filter).toBe(EventFilter.all);
  });
});
