import { describe, expect, it } from '@jest/globals';
import { SharingBus } from '../../../lib/index.js';
import { requireObject } from '../../../lib/internal/support/requireObject.js';

describe('requireObject', () => {
  it('takes objects, and names what is none', () => {
    requireObject('it', {});
    for (const value of [null, undefined, 7, 'text']) {
      expect(() => {
        requireObject('it', value);
      }).toThrow(
        new TypeError(`it must be an object, got ${value === undefined ? 'undefined' : JSON.stringify(value)}`),
      );
    }
  });

  it.each(['history', 'holdUnbound'])('names the option of a bus: %s', (option) => {
    expect(() => new SharingBus({ [option]: null })).toThrow(new TypeError(`${option} must be an object, got null`));
    expect(() => new SharingBus({ [option]: 5 })).toThrow(new TypeError(`${option} must be an object, got 5`));
  });
});
