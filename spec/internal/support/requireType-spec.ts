import { describe, expect, it } from '@jest/globals';
import { SharingBus } from '../../../lib/index.js';
import { requireType } from '../../../lib/internal/support/require.js';

describe('requireType', () => {
  it('takes what is of the type, and names what is not', () => {
    requireType('it', 'object', {});
    requireType('it', 'string', '');
    for (const value of [null, undefined, 7, 'text']) {
      expect(() => {
        requireType('it', 'object', value);
      }).toThrow(
        new TypeError(`it must be an object, got ${value === undefined ? 'undefined' : JSON.stringify(value)}`),
      );
    }
    for (const value of [null, 7, {}, Symbol('s')]) {
      expect(() => {
        requireType('it', 'string', value);
      }).toThrow(/^it must be a string, got /);
    }
  });

  it.each(['history', 'holdUnbound'])('names the option of a bus: %s', (option) => {
    expect(() => new SharingBus({ [option]: null })).toThrow(new TypeError(`${option} must be an object, got null`));
    expect(() => new SharingBus({ [option]: 5 })).toThrow(new TypeError(`${option} must be an object, got 5`));
  });
});
