import { describe, expect, it } from '@jest/globals';
import { requireFunction } from '../../../lib/internal/support/require.js';

describe('requireFunction', () => {
  it('takes functions of every sort', () => {
    for (const value of [() => 1, async () => Promise.resolve(), Map, parseInt]) {
      expect(() => {
        requireFunction('it', value);
      }).not.toThrow();
    }
  });

  it.each([undefined, null, 7, 'f', {}, [], { call: () => 1 }])(
    'refuses %p with a TypeError that shows it',
    (value) => {
      const refuse = (): void => {
        requireFunction('it', value);
      };
      expect(refuse).toThrow(TypeError);
      expect(refuse).toThrow(/^it must be a function, got /);
    },
  );
});
