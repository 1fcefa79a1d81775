import { describe, expect, it } from '@jest/globals';
import { glimpse, glimpseOfError } from '../../lib/schema/glimpse.js';
import { revoked } from './support.js';

describe('glimpse', () => {
  it.each([
    [7, '7'],
    [null, 'null'],
    [undefined, 'undefined'],
    ['text', '"text"'],
    [10n, 'a bigint'],
    [(): void => undefined, 'a function'],
    [{ a: 1 }, 'an object'],
    [[1, 2, 3], 'an array of 3'],
    [new Date(0), '[object Date]'],
  ])('shows a value without looking into it: %p', (value, text) => {
    expect(glimpse(value)).toBe(text);
  });

  it('tells how long a long text is', () => {
    expect(glimpse('x'.repeat(81))).toBe(`"${'x'.repeat(80)}"… (81 characters)`);
    expect(glimpse('x'.repeat(80))).not.toContain('characters');
  });

  it('reads nothing of what cannot be read', () => {
    expect(glimpse(revoked())).toBe('an object that cannot be read');
  });
});

describe('glimpseOfError', () => {
  it('names an error, and whatever else was thrown', () => {
    expect(glimpseOfError(new RangeError('too far'))).toBe('"RangeError: too far"');
    expect(glimpseOfError('no')).toBe('"no"');
    const unreadable = Object.defineProperty(new Error('x'), 'message', {
      get: () => {
        throw new Error('no');
      },
    });
    expect(glimpseOfError(unreadable)).toBe('an error that cannot be read');
  });
});
