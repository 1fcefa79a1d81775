import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Dictionary } from '../../lib/internal/support/Dictionary.js';

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
});
