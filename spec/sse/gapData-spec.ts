import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Gap } from '../../lib/index.js';
import { gapData, gapOfOne, joined, parseGap, UNKNOWN_GAP } from '../../lib/sse/gapData.js';

const counts = fc.oneof(fc.nat(), fc.constant(Infinity), fc.constant(Number.MAX_SAFE_INTEGER));
const kinds = fc.oneof(fc.constantFrom('__proto__', 'constructor', '*', ''), fc.string());
const gaps: fc.Arbitrary<Gap> = fc
  .tuple(counts, fc.array(fc.tuple(kinds, counts)), fc.boolean())
  .map(([missed, byKind, isVague]) => ({
    type: 'gap',
    missed,
    byKind: Object.fromEntries(byKind),
    ...(isVague && { atMost: true }),
  }));

/** What a gap tells, in one order, and with `__proto__` where it is a kind. */
function entries({ missed, byKind, atMost }: Gap): unknown {
  return [missed, Object.entries(byKind).sort(([a], [b]) => (a < b ? -1 : 1)), atMost];
}

describe('gapData', () => {
  it('is read as the gap that it was, whatever its kinds are called', () => {
    fc.assert(
      fc.property(gaps, (gap) => {
        expect(entries(parseGap(JSON.parse(gapData(gap))) as Gap)).toEqual(entries(gap));
      }),
    );
  });

  it('has null for what nobody can count, and leaves out what is exact', () => {
    expect([gapData(UNKNOWN_GAP), gapData(gapOfOne('a')), gapData(gapOfOne())]).toEqual([
      '{"missed":null,"byKind":{"*":null},"atMost":true}',
      '{"missed":1,"byKind":{"a":1}}',
      '{"missed":1,"byKind":{"*":1}}',
    ]);
  });
});

describe('parseGap', () => {
  it.each<unknown>([
    undefined,
    null,
    5,
    '{}',
    [],
    {},
    { missed: 1 },
    { missed: 1, byKind: null },
    { missed: 1, byKind: [1] },
    { missed: -1, byKind: {} },
    { missed: 1.5, byKind: {} },
    { missed: 2 ** 53, byKind: {} },
    { missed: '1', byKind: {} },
    { byKind: {} },
    { missed: 1, byKind: { a: 'b' } },
    { missed: 1, byKind: { a: 1, b: -1 } },
  ])('takes %j for no gap', (value) => {
    expect(parseGap(value)).toBeUndefined();
  });

  it('takes nothing but its own fields, and only true for vague', () => {
    const value = { missed: 0, byKind: {}, atMost: 'yes', type: 'event', event: 1 };
    expect(parseGap(value)).toEqual({ type: 'gap', missed: 0, byKind: {} });
  });
});

describe('joined', () => {
  it('is the sum of both, kind by kind, and vague where one of them is; neither is changed', () => {
    fc.assert(
      fc.property(gaps, gaps, (first, second) => {
        const before = [entries(first), entries(second)];
        const { missed, byKind, atMost } = joined(first, second);
        expect(missed).toBe(first.missed + second.missed);
        const of = (gap: Gap, kind: string): number => new Map(Object.entries(gap.byKind)).get(kind) ?? 0;
        const sum = Object.entries(byKind).map(([kind]) => [kind, of(first, kind) + of(second, kind)]);
        expect(Object.entries(byKind)).toEqual(sum);
        const all = new Set([...Object.keys(first.byKind), ...Object.keys(second.byKind)]);
        expect(new Set(Object.keys(byKind))).toEqual(all);
        expect(atMost).toBe(first.atMost === true || second.atMost === true ? true : undefined);
        expect([entries(first), entries(second)]).toEqual(before);
      }),
    );
  });
});
