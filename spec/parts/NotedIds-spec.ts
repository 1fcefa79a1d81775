import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { NotedIds } from '../../lib/internal/dispatch/NotedIds.js';

/** A text as from a parser: another object. */
function anew(text: string): string {
  return Buffer.from(text, 'latin1').toString('latin1');
}

describe('noted ids', () => {
  it('are known by their text, not only as the same object', () => {
    const noted = new NotedIds();
    const id = '67e55044-10b1-426f-9247-bb680e5fe0c8';
    expect(noted.has(id)).toBe(false);
    noted.add(id);
    expect([noted.has(id), noted.has(anew(id))]).toEqual([true, true]);
  });

  it('are those that were noted, and no other texts', () => {
    const digits = fc.constantFrom(...Array.from({ length: 16 }, (_, digit) => digit.toString(16)));
    const id = fc.string({ unit: digits, minLength: 12, maxLength: 12 }).map((end) => `67e55044-10b1-426f-9247-${end}`);
    fc.assert(
      fc.property(fc.array(fc.tuple(id, fc.boolean()), { maxLength: 600 }), (texts) => {
        const noted = new NotedIds();
        const added = new Set<string>();
        for (const [text, isAdded] of texts) {
          if (isAdded) {
            noted.add(text);
            added.add(text);
            expect(noted.has(anew(text))).toBe(true);
          } else if (noted.has(text)) {
            expect(added).toContain(text);
          }
        }
      }),
    );
  });

  it('stay known beside another one whose hash is the same', () => {
    // The hashes read the end, so these two have the same.
    const [one, two] = ['0', '1'].map((digit) => `${digit}7e55044-10b1-426f-9247-bb680e5fe0c8`) as [string, string];
    const noted = new NotedIds();
    noted.add(one);
    noted.add(two);
    for (let round = 0; round < 3; round += 1) {
      expect([noted.has(one), noted.has(two)]).toEqual([true, true]);
    }
  });

  const numbered = (n: number): string => `67e55044-10b1-426f-9247-${n.toString(16).padStart(12, '0')}`;

  it('are at least the last 2,048 different ones', () => {
    const noted = new NotedIds();
    for (let n = 0; n < 5_000; n += 1) {
      noted.add(numbered(n));
    }
    const last = Array.from({ length: 2_048 }, (_, index) => anew(numbered(4_999 - index)));
    expect(last.filter((id) => !noted.has(id))).toEqual([]);
  });

  it('are not more than 4,096, but for those that were looked up last', () => {
    const noted = new NotedIds();
    for (let n = 0; n < 20_000; n += 1) {
      noted.add(numbered(n));
    }
    const known = Array.from({ length: 20_000 }, (_, n) => numbered(n)).filter((id) => noted.has(id));
    expect(known.length).toBeLessThanOrEqual(4_096);
  });

  it('that are looked up are not forgotten', () => {
    const noted = new NotedIds();
    const asked = numbered(0);
    noted.add(asked);
    for (let n = 1; n < 20_000; n += 1) {
      noted.add(numbered(n));
      expect(noted.has(anew(asked))).toBe(true);
    }
  });

  it('answer for texts that are too short to be one', () => {
    const noted = new NotedIds();
    noted.add('67e55044-10b1-426f-9247-bb680e5fe0c8');
    expect(['', 'a', 'ab', 'abc', 'undefined'].map((text) => noted.has(text))).toEqual([
      false,
      false,
      false,
      false,
      false,
    ]);
  });
});
