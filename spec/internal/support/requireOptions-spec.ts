import { afterEach, describe, expect, it } from '@jest/globals';
import { requireCapacityOptions, requireOptions } from '../../../lib/internal/support/require.js';

const NAMES = { capacity: true, name: true };

describe('requireOptions', () => {
  afterEach(() => {
    Reflect.deleteProperty(Object.prototype, 'addedToAll');
  });

  it('says what it is, what it must be, and what it was', () => {
    const of = (value: unknown) => () => {
      requireOptions('what', value, NAMES);
    };
    expect(of(5)).toThrow(new TypeError('what must be an object, got 5'));
    expect(of([5])).toThrow(new TypeError('what must be a plain object, got [5]'));
    expect(of({ capacity: 1, size: 2 })).toThrow(new TypeError('what: "size" is unknown; known are capacity, name'));
  });

  it('does not read the options that it knows', () => {
    const options = {
      get capacity(): never {
        throw new Error('read');
      },
    };
    expect(() => {
      requireOptions('what', options, NAMES);
    }).not.toThrow();
  });

  it('takes what every object has for no option', () => {
    Object.assign(Object.prototype, { addedToAll: 5 });
    expect(() => {
      requireOptions('what', { capacity: 1, toString: () => 'text' }, NAMES);
    }).not.toThrow();
  });

  it.each([
    [7, '{ capacity: 7 }, got 7'],
    [0, '{ capacity: 256 }, got 0'],
    ['7', '{ capacity: 256 }, got "7"'],
  ])('law 24: shows how a capacity is written, where one may have been meant: %p', (value, shown) => {
    expect(() => {
      requireCapacityOptions('what', value, NAMES);
    }).toThrow(new RangeError(`what must be an object such as ${shown}`));
  });
});
