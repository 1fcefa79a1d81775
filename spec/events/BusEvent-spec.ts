import { describe, expect, it } from '@jest/globals';
import { type BusEvent, canonicalBusEvent, InvalidBusEventError, withIds } from '../../lib/events/BusEvent.js';
import { event, uuid } from '../support/events.js';

const SCROLL = uuid(10);
const CONNECTOR = uuid(11);

const ODD_SPELLINGS: readonly (readonly [how: string, spell: (id: string) => string])[] = [
  ['upper case', (id) => id.toUpperCase()],
  ['32 digits', (id) => id.replaceAll('-', '')],
  ['braced', (id) => `{${id}}`],
  ['URN', (id) => `urn:uuid:${id}`],
];

const NO_STRINGS: readonly (readonly [value: unknown, shown: string])[] = [
  [null, 'null'],
  [0, '0'],
  [7n, '7'],
  [false, 'false'],
  [{}, '{}'],
  [Symbol('id'), 'Symbol(id)'],
];

const NO_TIMES: readonly (readonly [value: unknown, shown: string])[] = [
  [null, 'null'],
  ['2026-01-01', '"2026-01-01"'],
  [7n, '7'],
  [NaN, 'NaN'],
  [-Infinity, '-Infinity'],
  [{}, '{}'],
];

function thrownBy(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

function refused(given: unknown): InvalidBusEventError {
  const error = thrownBy(() => canonicalBusEvent(given as BusEvent));
  expect(error).toBeInstanceOf(InvalidBusEventError);
  expect(error).toBeInstanceOf(TypeError);
  return error as InvalidBusEventError;
}

describe('canonicalBusEvent', () => {
  it('law 11: gives back the very object where nothing must change', () => {
    for (const routing of [
      {},
      { scrollId: SCROLL, connectorUid: CONNECTOR, connectorId: '', nativeSessionId: '' },
      { scrollId: undefined, connectorUid: undefined, connectorId: undefined, nativeSessionId: undefined },
    ]) {
      const given = Object.freeze(event(null, Object.freeze(routing)));
      expect(canonicalBusEvent(given)).toBe(given);
    }
  });

  it.each(ODD_SPELLINGS)('law 9, 11: copies the envelope for an id in %s, and changes nothing given', (_how, spell) => {
    const payload = Object.freeze({});
    const given = Object.freeze(
      event(payload, Object.freeze({ scrollId: spell(SCROLL), connectorUid: spell(CONNECTOR), connectorId: 'C' })),
    );
    const before = structuredClone(given);
    const canonical = canonicalBusEvent(given);
    expect(canonical).toEqual(event(payload, { scrollId: SCROLL, connectorUid: CONNECTOR, connectorId: 'C' }));
    expect(canonical.event).toBe(payload);
    expect(given).toEqual(before);
  });

  it('law 11: fields that the library does not know survive the copy', () => {
    const given = { ...event(1, { scrollId: SCROLL.toUpperCase() }), sequence: 7 };
    const spelled = { ...given, routing: { ...given.routing, tenant: 't' } };
    expect(canonicalBusEvent(spelled)).toEqual({
      ...spelled,
      routing: { ...spelled.routing, scrollId: SCROLL },
    });
  });

  it('law 11: an absent field stays absent in the copy', () => {
    const copy = canonicalBusEvent(event(1, { connectorUid: CONNECTOR.toUpperCase() }));
    expect(Object.keys(copy.routing).sort()).toEqual(['connectorUid', 'kind']);
    expect(Object.keys(copy).sort()).toEqual(['event', 'origin', 'routing']);
  });

  it.each([undefined, 0, -1, 1767225601000, 1767225601000.25])('takes %p as the time of an event', (at) => {
    const given = { ...event(1), at };
    expect(canonicalBusEvent(given)).toBe(given);
  });

  it.each<readonly [field: string, given: unknown, message: string]>([
    ['busEvent', undefined, 'busEvent: must be an object, got undefined'],
    ['busEvent', null, 'busEvent: must be an object, got null'],
    ['busEvent', 'text', 'busEvent: must be an object, got "text"'],
    ['busEvent', 7, 'busEvent: must be an object, got 7'],
    ['routing', {}, 'routing: must be an object, got undefined'],
    ['routing', [], 'routing: must be an object, got undefined'],
    ['routing', { ...event(1), routing: null }, 'routing: must be an object, got null'],
    ['routing', { ...event(1), routing: 'k' }, 'routing: must be an object, got "k"'],
    ['routing.kind', { ...event(1), routing: {} }, 'routing.kind: must be a string, got undefined'],
    ['routing.kind', { ...event(1), routing: { kind: null } }, 'routing.kind: must be a string, got null'],
    ['routing.kind', { ...event(1), routing: { kind: ['k'] } }, 'routing.kind: must be a string, got ["k"]'],
    ['origin', { ...event(1), origin: undefined }, 'origin: must be a string, got undefined'],
    ['origin', { ...event(1), origin: 7 }, 'origin: must be a string, got 7'],
    ...NO_TIMES.map(([at, shown]) => ['at', { ...event(1), at }, `at: must be a finite number, got ${shown}`] as const),
    ...['scrollId', 'connectorUid', 'connectorId', 'nativeSessionId'].flatMap((id) =>
      NO_STRINGS.map(
        ([value, shown]) =>
          [
            `routing.${id}`,
            { ...event(1), routing: { kind: 'k', [id]: value } },
            `routing.${id}: must be a string, got ${shown}`,
          ] as const,
      ),
    ),
    ...['scrollId', 'connectorUid'].flatMap((id) =>
      ['', 'nonsense', `${SCROLL} `].map(
        (value) =>
          [
            `routing.${id}`,
            { ...event(1), routing: { kind: 'k', [id]: value } },
            `routing.${id}: must be a UUID, got ${JSON.stringify(value)}`,
          ] as const,
      ),
    ),
  ])('law 17: refuses a malformed %s (%#)', (field, given, message) => {
    expect(refused(given)).toMatchObject({ name: 'InvalidBusEventError', field, message });
  });

  it.each([
    'routing',
    'routing.kind',
    'routing.scrollId',
    'routing.connectorUid',
    'routing.connectorId',
    'routing.nativeSessionId',
    'origin',
    'at',
    'event',
  ])('law 17: names %s where its getter throws, and keeps the cause', (field) => {
    const cause = new Error('no');
    const trap = {
      enumerable: true,
      get: (): never => {
        throw cause;
      },
    };
    const given = event(1);
    const name = field.replace('routing.', '');
    Object.defineProperty(name === field ? given : given.routing, name, trap);
    expect(refused(given)).toMatchObject({ field, message: `${field}: reading it threw Error: no`, cause });
  });

  it('law 17: names the field also where what its getter throws is no Error', () => {
    const given = {
      ...event(1),
      get origin(): string {
        throw undefined;
      },
    };
    expect(refused(given)).toMatchObject({ field: 'origin', message: 'origin: reading it threw undefined' });
  });

  it('law 17: a getter that throws for the copy only is told, too', () => {
    const given = event(1, { scrollId: SCROLL.toUpperCase() });
    let reads = 0;
    Object.defineProperty(given, 'event', {
      enumerable: true,
      get: () => {
        reads += 1;
        if (reads > 1) {
          throw new Error('once only');
        }
        return 1;
      },
    });
    expect(refused(given).cause).toEqual(new Error('once only'));
  });

  it('reads each field of a canonical event once', () => {
    const reads: string[] = [];
    const counting = <T extends object>(owner: string, target: T): T =>
      new Proxy(target, {
        get: (from, key, receiver): unknown => {
          reads.push(`${owner}${String(key)}`);
          return Reflect.get(from, key, receiver);
        },
      });
    const routing = counting('routing.', { kind: 'k', scrollId: SCROLL, connectorId: 'c', nativeSessionId: 's' });
    canonicalBusEvent(counting('', { routing, origin: 'o', event: 1 }));
    expect(reads.sort()).toEqual([
      'at',
      'event',
      'origin',
      'routing',
      'routing.connectorId',
      'routing.connectorUid',
      'routing.kind',
      'routing.nativeSessionId',
      'routing.scrollId',
    ]);
  });
});

describe('withIds', () => {
  it('sets the ids given and leaves the rest, also of an instance whose fields are getters', () => {
    const payload = {};
    class Routing {
      get kind(): string {
        return 'k';
      }
      get connectorId(): string {
        return 'c';
      }
      get nativeSessionId(): string {
        return 's';
      }
    }
    class Envelope {
      readonly routing = new Routing();
      get origin(): string {
        return 'o';
      }
      get at(): number {
        return 5;
      }
      get event(): object {
        return payload;
      }
    }
    const copy = withIds(new Envelope(), SCROLL, CONNECTOR);
    expect(copy).toEqual({
      routing: { kind: 'k', connectorId: 'c', nativeSessionId: 's', scrollId: SCROLL, connectorUid: CONNECTOR },
      origin: 'o',
      at: 5,
      event: payload,
    });
    expect(copy.event).toBe(payload);
  });

  it('keeps an own key named __proto__ a plain key', () => {
    const given = JSON.parse('{"routing":{"kind":"k","__proto__":{"kind":"x"}},"origin":"o","event":1}') as BusEvent;
    const copy = withIds(given, SCROLL, undefined);
    expect(Object.getPrototypeOf(copy.routing)).toBe(Object.prototype);
    expect(copy.routing.kind).toBe('k');
  });
});
