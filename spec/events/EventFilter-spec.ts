import { describe, expect, it } from '@jest/globals';
import type { BusEvent, EventRouting } from '../../lib/events/BusEvent.js';
import {
  canonicalFilter,
  EventFilter,
  InvalidFilterError,
  matches,
  MAX_FILTER_DEPTH,
} from '../../lib/events/EventFilter.js';
import { InvalidUuidError } from '../../lib/events/Uuid.js';
import { event, uuid } from '../support/events.js';

const SCROLL = uuid(10);
const OTHER = uuid(11);
const SPELLINGS = [SCROLL, SCROLL.toUpperCase(), SCROLL.replaceAll('-', ''), `{${SCROLL}}`, `urn:uuid:${SCROLL}`];

const FULL = event('payload', {
  scrollId: SCROLL,
  connectorUid: OTHER,
  connectorId: 'c',
  nativeSessionId: 's',
  kind: 'k',
});
const BARE = event('payload', { kind: 'k' });

const passes = (filter: EventFilter<string>, routing: Partial<EventRouting>): boolean =>
  matches(filter, event('payload', routing));

/** What is no filter, though it came from JSON or from plain JavaScript. */
const MALFORMED: readonly (readonly [what: string, filter: unknown])[] = [
  ['undefined', undefined],
  ['null', null],
  ['a text', 'all'],
  ['a number', 7],
  ['a function', () => true],
  ['an empty object', {}],
  ['an array', []],
  ['an unknown type', { type: 'nope' }],
  ['a type in upper case', { type: 'ALL' }],
  ['a type that is no text', { type: ['all'] }],
  ['the type __proto__', { type: '__proto__' }],
  ['the type constructor', { type: 'constructor' }],
  ['connectorId without one', { type: 'connectorId' }],
  ['connectorId: null', { type: 'connectorId', connectorId: null }],
  ['session without ids', { type: 'session' }],
  ['session without a session id', { type: 'session', connectorId: 'c' }],
  ['session without a connector id', { type: 'session', nativeSessionId: 's' }],
  ['kind without kinds', { type: 'kind' }],
  ['kinds that are a text', { type: 'kind', kinds: 'k' }],
  ['kinds that look like an array', { type: 'kind', kinds: { 0: 'k', length: 1 } }],
  ['a kind that is no text', { type: 'kind', kinds: ['a', 7] }],
  ['origin without origins', { type: 'origin' }],
  ['origins that are a text', { type: 'origin', origins: 'runtime' }],
  ['an origin that is null', { type: 'origin', origins: [null] }],
  ['and without filters', { type: 'and' }],
  ['and of one filter that is no array', { type: 'and', filters: { type: 'all' } }],
  ['and of a text', { type: 'and', filters: 'ab' }],
  ['and of null', { type: 'and', filters: [null] }],
  ['or without filters', { type: 'or' }],
  ['or of an object', { type: 'or', filters: {} }],
  ['or of an unknown type', { type: 'or', filters: [{ type: 'nope' }] }],
  ['not without a filter', { type: 'not' }],
  ['not of null', { type: 'not', filter: null }],
  ['not of a not without a filter', { type: 'not', filter: { type: 'not' } }],
  ['where without a predicate', { type: 'where' }],
  ['where of a text', { type: 'where', predicate: 'true' }],
];

/** As `matches` must judge them: it looks at no more of a filter than an event makes it look at. */
const UNREADABLE = MALFORMED.filter(([what]) => !['a kind that is no text', 'an origin that is null'].includes(what));

const NO_UUIDS: readonly (readonly [what: string, id: unknown])[] = [
  ['missing', undefined],
  ['null', null],
  ['a number', 7],
  ['empty', ''],
  ['nonsense', 'nonsense'],
];

/** `depth` filters in one another, made by hand. */
function nested(depth: number, wrap: (filter: EventFilter) => EventFilter): EventFilter {
  let filter: EventFilter = { type: 'all' };
  for (let deep = 1; deep < depth; deep += 1) {
    filter = wrap(filter);
  }
  return filter;
}

const WRAPS: readonly (readonly [type: string, wrap: (filter: EventFilter) => EventFilter])[] = [
  ['and', (filter) => ({ type: 'and', filters: [filter] })],
  ['or', (filter) => ({ type: 'or', filters: [filter] })],
  ['not', (filter) => ({ type: 'not', filter })],
];

function verdict(filter: unknown, busEvent: BusEvent<string>): unknown {
  try {
    return matches(filter as EventFilter<string>, busEvent);
  } catch (error) {
    return (error as Error).name;
  }
}

describe('EventFilter', () => {
  it('law 9: an id in any spelling is one id, and canonical in the filter', () => {
    for (const spelling of SPELLINGS) {
      expect(EventFilter.scrollId(spelling)).toEqual({ type: 'scrollId', id: SCROLL });
      expect(EventFilter.connectorUid(spelling)).toEqual({ type: 'connectorUid', id: SCROLL });
    }
  });

  it.each(NO_UUIDS)('throws InvalidUuidError when it is made of an id that is %s', (_what, id) => {
    expect(() => EventFilter.scrollId(id as string)).toThrow(InvalidUuidError);
    expect(() => EventFilter.connectorUid(id as string)).toThrow(InvalidUuidError);
  });

  it('refuses arguments of a wrong type when it is made, and shows them', () => {
    const wrong = 7 as unknown as string;
    expect(() => EventFilter.connectorId(wrong)).toThrow(
      new InvalidFilterError('connectorId: expected a string, got 7'),
    );
    expect(() => EventFilter.session(wrong, 's')).toThrow(new InvalidFilterError('session: expected a string, got 7'));
    expect(() => EventFilter.session('c', wrong)).toThrow(new InvalidFilterError('session: expected a string, got 7'));
    expect(() => EventFilter.kind('k', wrong)).toThrow(new InvalidFilterError('kind: expected a string, got 7'));
    expect(() => EventFilter.origin(wrong)).toThrow(new InvalidFilterError('origin: expected a string, got 7'));
    const none = null as unknown as EventFilter;
    expect(() => EventFilter.and(none)).toThrow(new InvalidFilterError('and: expected a filter, got null'));
    expect(() => EventFilter.or(EventFilter.all, none)).toThrow(
      new InvalidFilterError('or: expected a filter, got null'),
    );
    expect(() => EventFilter.not(none)).toThrow(new InvalidFilterError('not: expected a filter, got null'));
    expect(() => EventFilter.where(true as unknown as () => boolean)).toThrow(
      new InvalidFilterError('where: expected a function, got true'),
    );
    expect(new InvalidFilterError('x')).toBeInstanceOf(TypeError);
    expect(new InvalidFilterError('x').name).toBe('InvalidFilterError');
  });

  it('is frozen throughout, and copies the lists that it is given', () => {
    const made: EventFilter[] = [
      EventFilter.all,
      EventFilter.scrollId(SCROLL),
      EventFilter.connectorUid(SCROLL),
      EventFilter.connectorId('c'),
      EventFilter.session('c', 's'),
      EventFilter.kind('k'),
      EventFilter.origin('o'),
      EventFilter.and(EventFilter.all),
      EventFilter.or(EventFilter.all),
      EventFilter.not(EventFilter.all),
      EventFilter.where(() => true),
    ];
    for (const filter of made) {
      expect(Object.isFrozen(filter)).toBe(true);
      expect(Object.values(filter).every((part) => typeof part === 'function' || Object.isFrozen(part))).toBe(true);
    }
  });

  it('is plain data but for where: it means the same after a trip through JSON', () => {
    const filter = EventFilter.or<string>(
      EventFilter.and(EventFilter.scrollId(SCROLL), EventFilter.not(EventFilter.kind('x', 'y'))),
      EventFilter.session('a', 'b'),
      EventFilter.connectorUid(OTHER),
      EventFilter.connectorId(''),
      EventFilter.origin('agent'),
      EventFilter.and(EventFilter.not(EventFilter.all), EventFilter.or()),
    );
    const arrived = JSON.parse(JSON.stringify(filter)) as EventFilter<string>;
    expect(arrived).toEqual(filter);
    expect(canonicalFilter(arrived)).toEqual(filter);
  });

  it('stays flat when it is built step by step', () => {
    const [a, b, c] = [EventFilter.kind('a'), EventFilter.kind('b'), EventFilter.kind('c')];
    expect(EventFilter.and(EventFilter.and(a, b), c)).toEqual({ type: 'and', filters: [a, b, c] });
    expect(EventFilter.or(a, EventFilter.or(b, c))).toEqual({ type: 'or', filters: [a, b, c] });
    expect(EventFilter.and(EventFilter.or(a, b), c)).toEqual({
      type: 'and',
      filters: [{ type: 'or', filters: [a, b] }, c],
    });
    expect(EventFilter.not(EventFilter.not(a))).toBe(a);
  });
});

describe('matches', () => {
  it('all passes every event', () => {
    expect([FULL, BARE].map((busEvent) => matches(EventFilter.all, busEvent))).toEqual([true, true]);
  });

  it('law 9: ids are compared as UUIDs, whatever the spelling of either', () => {
    for (const id of SPELLINGS) {
      for (const given of SPELLINGS) {
        expect(passes({ type: 'scrollId', id }, { scrollId: given })).toBe(true);
        expect(passes({ type: 'connectorUid', id }, { connectorUid: given })).toBe(true);
      }
      expect(passes({ type: 'scrollId', id }, { scrollId: OTHER })).toBe(false);
      expect(passes({ type: 'scrollId', id }, { connectorUid: SCROLL })).toBe(false);
      expect(passes({ type: 'connectorUid', id }, { scrollId: SCROLL })).toBe(false);
      expect(passes({ type: 'scrollId', id }, { scrollId: 'nonsense' })).toBe(false);
    }
  });

  it('a field that the routing lacks equals nothing', () => {
    for (const busEvent of [BARE, event('x', { scrollId: undefined, connectorId: undefined })]) {
      expect(matches(EventFilter.scrollId(SCROLL), busEvent)).toBe(false);
      expect(matches(EventFilter.connectorUid(SCROLL), busEvent)).toBe(false);
      expect(matches(EventFilter.connectorId(''), busEvent)).toBe(false);
      expect(matches(EventFilter.connectorId('undefined'), busEvent)).toBe(false);
      expect(matches(EventFilter.session('', ''), busEvent)).toBe(false);
    }
  });

  it('connectorId is compared exactly, and an empty one is a name', () => {
    expect(passes(EventFilter.connectorId('c'), { connectorId: 'c' })).toBe(true);
    expect(passes(EventFilter.connectorId('c'), { connectorId: 'C' })).toBe(false);
    expect(passes(EventFilter.connectorId(''), { connectorId: '' })).toBe(true);
    expect(passes(EventFilter.connectorId(''), { connectorId: 'c' })).toBe(false);
  });

  it('law 4: a session is the exact pair, whatever the characters', () => {
    const routing = { connectorId: 'a', nativeSessionId: 'b:c' };
    expect(passes(EventFilter.session('a', 'b:c'), routing)).toBe(true);
    expect(passes(EventFilter.session('a:b', 'c'), routing)).toBe(false);
    expect(passes(EventFilter.session('a', 'b'), routing)).toBe(false);
    expect(passes(EventFilter.session('b:c', 'a'), routing)).toBe(false);
    expect(passes(EventFilter.session('a', 'b'), { connectorId: 'a' })).toBe(false);
    expect(passes(EventFilter.session('a', 'b'), { nativeSessionId: 'b' })).toBe(false);
    expect(passes(EventFilter.session('', ''), { connectorId: '', nativeSessionId: '' })).toBe(true);
  });

  it('kind and origin pass any of theirs; with none, nothing', () => {
    expect(matches(EventFilter.kind('x', 'k'), FULL)).toBe(true);
    expect(matches(EventFilter.kind('x', 'K'), FULL)).toBe(false);
    expect(matches(EventFilter.kind(), FULL)).toBe(false);
    expect(matches(EventFilter.origin('agent', 'runtime'), FULL)).toBe(true);
    expect(matches(EventFilter.origin('agent'), FULL)).toBe(false);
    expect(matches(EventFilter.origin(), FULL)).toBe(false);
  });

  it('and passes what all pass, or what one passes, not what the other refuses', () => {
    const [yes, no] = [EventFilter.all, EventFilter.kind()];
    expect(matches(EventFilter.and(), FULL)).toBe(true);
    expect(matches(EventFilter.or(), FULL)).toBe(false);
    for (const one of [yes, no]) {
      expect(matches(EventFilter.not(one), FULL)).toBe(one === no);
      for (const other of [yes, no]) {
        expect(matches(EventFilter.and(one, other), FULL)).toBe(one === yes && other === yes);
        expect(matches(EventFilter.or(one, other), FULL)).toBe(one === yes || other === yes);
      }
    }
  });

  it('where passes what its predicate calls true or like true, and gives it the event itself', () => {
    const seen: unknown[] = [];
    const answering = (answer: unknown): EventFilter<string> =>
      EventFilter.where((busEvent) => {
        seen.push(busEvent);
        return answer as boolean;
      });
    expect([true, 1, 'x', {}].map((answer) => matches(answering(answer), FULL))).toEqual([true, true, true, true]);
    expect([false, 0, '', null, undefined].map((answer) => matches(answering(answer), FULL))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
    expect(seen.every((one) => one === FULL)).toBe(true);
  });

  it('lets through what a predicate throws, whatever it is', () => {
    const throwing = EventFilter.where<string>(() => {
      throw 'a text';
    });
    expect(() => matches(EventFilter.not(throwing), FULL)).toThrow('a text');
  });

  it.each(WRAPS)('judges a hand-made %s of depth 256, and refuses one of 257 and of 10,000', (type, wrap) => {
    const deepest = nested(MAX_FILTER_DEPTH, wrap);
    const expected = type !== 'not' || MAX_FILTER_DEPTH % 2 === 1;
    expect(MAX_FILTER_DEPTH).toBe(256);
    expect(matches(deepest as EventFilter<string>, FULL)).toBe(expected);
    for (const depth of [257, 10_000]) {
      expect(() => matches(nested(depth, wrap) as EventFilter<string>, FULL)).toThrow(
        new InvalidFilterError('a filter may nest at most 256 deep'),
      );
    }
  });

  it.each(UNREADABLE)('refuses as InvalidFilterError what is no filter: %s', (_what, filter) => {
    expect([verdict(filter, BARE), verdict(filter, FULL)]).toEqual(['InvalidFilterError', 'InvalidFilterError']);
  });

  it.each(NO_UUIDS)('never passes a hand-made filter whose id is %s, and refuses it as it meets an id', (_what, id) => {
    expect([verdict({ type: 'scrollId', id }, FULL), verdict({ type: 'connectorUid', id }, FULL)]).toEqual([
      'InvalidUuidError',
      'InvalidUuidError',
    ]);
    expect(verdict({ type: 'scrollId', id }, BARE)).not.toBe(true);
    expect(verdict({ type: 'connectorUid', id }, BARE)).not.toBe(true);
  });
});

describe('canonicalFilter', () => {
  it.each(MALFORMED)('refuses as InvalidFilterError what is no filter: %s', (_what, filter) => {
    expect(() => canonicalFilter(filter as EventFilter)).toThrow(InvalidFilterError);
    expect(() => canonicalFilter({ type: 'or', filters: [EventFilter.all, filter as EventFilter] })).toThrow(
      InvalidFilterError,
    );
  });

  it.each(NO_UUIDS)('refuses as InvalidUuidError an id that is %s', (_what, id) => {
    expect(() => canonicalFilter({ type: 'scrollId', id: id as string })).toThrow(InvalidUuidError);
    expect(() => canonicalFilter({ type: 'not', filter: { type: 'connectorUid', id: id as string } })).toThrow(
      InvalidUuidError,
    );
  });

  it('is a frozen copy with canonical ids: what happens to the original changes nothing', () => {
    const kinds = ['k'];
    const filters: EventFilter[] = [
      { type: 'scrollId', id: SCROLL.toUpperCase() },
      { type: 'kind', kinds },
    ];
    const copy = canonicalFilter({ type: 'and', filters });
    kinds.push('l');
    filters.pop();
    expect(copy).toEqual({
      type: 'and',
      filters: [
        { type: 'scrollId', id: SCROLL },
        { type: 'kind', kinds: ['k'] },
      ],
    });
    expect(Object.isFrozen(copy)).toBe(true);
  });

  it('keeps every filter that its constructors make', () => {
    const predicate = (): boolean => true;
    const made: EventFilter[] = [
      EventFilter.all,
      EventFilter.scrollId(SCROLL),
      EventFilter.connectorUid(SCROLL),
      EventFilter.connectorId('c'),
      EventFilter.session('c', 's'),
      EventFilter.kind('k', 'l'),
      EventFilter.origin('o', 'p'),
      EventFilter.and(EventFilter.kind('k'), EventFilter.origin('o')),
      EventFilter.or(EventFilter.kind('k'), EventFilter.origin('o')),
      EventFilter.not(EventFilter.kind('k')),
      EventFilter.where(predicate),
    ];
    expect(made.map((filter) => canonicalFilter(filter))).toEqual(made);
  });

  it.each(WRAPS)('accepts a hand-made %s of depth 256, and refuses one of 257 and of 10,000', (_type, wrap) => {
    expect(() => canonicalFilter(nested(256, wrap))).not.toThrow();
    expect(() => canonicalFilter(nested(257, wrap))).toThrow(InvalidFilterError);
    expect(() => canonicalFilter(nested(10_000, wrap))).toThrow(InvalidFilterError);
  });

  it('refuses a filter that holds itself', () => {
    const filters: EventFilter[] = [];
    const endless: EventFilter = { type: 'and', filters };
    filters.push(endless);
    expect(() => canonicalFilter(endless)).toThrow(InvalidFilterError);
    expect(() => matches(endless, FULL as unknown as BusEvent)).toThrow(InvalidFilterError);
  });
});
