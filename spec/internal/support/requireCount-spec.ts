import { describe, expect, it } from '@jest/globals';
import { requireCount } from '../../../lib/internal/support/require.js';

describe('requireCount', () => {
  it.each([1, 2, 256, 65_536, 2 ** 31 - 1])('law 24: takes %d', (count) => {
    expect(requireCount('it', count)).toBe(count);
  });

  it.each([0, -0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 31, undefined, null, true, 1n, '1', [1], new Number(1)])(
    'law 24: refuses %p with a RangeError',
    (count) => {
      expect(() => requireCount('it', count)).toThrow(RangeError);
    },
  );

  it('law 24: says what it is, what it must be, and what it was', () => {
    expect(() => requireCount('dropNewest: capacity', '7')).toThrow(
      new RangeError('dropNewest: capacity must be an integer from 1 to 2147483647, got "7"'),
    );
  });
});
