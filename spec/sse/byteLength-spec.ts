import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { byteLength } from '../../lib/sse/blocks.js';

describe('byteLength', () => {
  it('is within the limit exactly where the UTF-8 bytes are, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\ud83d', '\u0000') });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 40 }), (value, limit) => {
        expect(byteLength(value, limit) <= limit).toBe(Buffer.byteLength(value) <= limit);
      }),
    );
  });

  it.each([
    ['', 0],
    ['a'.repeat(9), 9],
    ['€'.repeat(3), 9],
    ['😀', 4],
  ])('%j fits into its own bytes, and into no fewer', (text, bytes) => {
    expect([byteLength(text, bytes) <= bytes, byteLength(text, bytes - 1) <= bytes - 1]).toEqual([true, false]);
  });
});
