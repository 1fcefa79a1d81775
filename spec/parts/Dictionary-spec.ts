import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Dictionary } from '../../lib/internal/support/Dictionary.js';
import { survivors } from '../support/collectGarbage.js';
import { uuid } from '../support/events.js';

const TEXTS = ['', '1', '01', 'a', '__proto__', 'constructor', 'hasOwnProperty', 'toString', '\u0000'];

describe('Dictionary', () => {
  it.each(TEXTS)('has no value for %p until it is given one', (text) => {
    const dictionary = new Dictionary<object>();
    expect([dictionary.get(text), dictionary.size]).toEqual([undefined, 0]);
    const value = {};
    expect(dictionary.set(text, value).get(text)).toBe(value);
    expect(TEXTS.filter((other) => dictionary.get(other) !== undefined)).toEqual([text]);
  });

  it('agrees with a Map, whatever the texts', () => {
    const step = fc.record({
      text: fc.constantFrom(...TEXTS),
      value: fc.option(fc.constantFrom<0 | false | '' | null | object>(0, false, '', null, {}), { nil: undefined }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
        const dictionary = new Dictionary<unknown>();
        const model = new Map<string, unknown>();
        for (const { text, value } of steps) {
          if (value === undefined) {
            dictionary.delete(text);
            model.delete(text);
          } else {
            dictionary.set(text, value);
            model.set(text, value);
          }
          expect(dictionary.size).toBe(model.size);
          expect(TEXTS.map((one) => dictionary.get(one))).toEqual(TEXTS.map((one) => model.get(one)));
        }
      }),
      { numRuns: 200 },
    );
  });

  it.each<[string, (n: number) => string]>([
    ['short texts', (n) => `s${n}`],
    ['UUIDs', (n) => uuid(n * 7_919)],
    ['texts of which only the start differs', (n) => `${n}@${'a'.repeat(40)}`],
    ['texts that have the same hash', (n) => `${'a'.repeat(20)}${n % 2}${String(n).padStart(5, '0')}${'a'.repeat(54)}`],
  ])('agrees with a Map of many %s that come and go', (_what, textOf) => {
    const dictionary = new Dictionary<number>();
    const model = new Map<string, number>();
    const agree = (): void => {
      expect(dictionary.size).toBe(model.size);
      const texts = Array.from({ length: 3_000 }, (_text, n) => textOf(n));
      expect(texts.map((text) => dictionary.get(text))).toEqual(texts.map((text) => model.get(text)));
    };
    const set = (n: number): void => {
      dictionary.set(textOf(n), n);
      model.set(textOf(n), n);
    };
    const remove = (n: number): void => {
      dictionary.delete(textOf(n));
      model.delete(textOf(n));
    };
    for (let n = 0; n < 2_000; n += 1) {
      set(n);
    }
    agree();
    for (let n = 0; n < 2_500; n += n % 5 === 0 ? 1 : 2) {
      remove(n);
      set((n * 13) % 2_700);
    }
    agree();
    for (let n = 0; n < 2_990; n += 1) {
      remove(n);
    }
    agree();
  });

  it('law 34: takes little memory once it is emptied', async () => {
    const dictionaries = Array.from({ length: 4 }, () => new Dictionary<number>());
    const texts = Array.from({ length: 10_000 }, (_, n) => `text ${n}`);
    const bytes = async (): Promise<number> => {
      await survivors([new WeakRef({})]);
      return process.memoryUsage().heapUsed;
    };
    const before = await bytes();
    dictionaries.forEach((dictionary) => {
      texts.forEach((text, n) => dictionary.set(text, n));
    });
    dictionaries.forEach((dictionary) => {
      texts.forEach((text) => {
        dictionary.delete(text);
      });
    });
    const kept = ((await bytes()) - before) / dictionaries.length;
    expect(kept).toBeLessThan(20_000);
  });
});
