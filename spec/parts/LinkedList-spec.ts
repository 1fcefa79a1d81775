import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Link, LinkedList } from '../../lib/internal/support/LinkedList.js';

function valuesOf<T>(list: LinkedList<T>): readonly T[] {
  const values: T[] = [];
  for (let link = list.first; link !== undefined; link = link.newer) {
    values.push(link.value);
  }
  return values;
}

function valuesBackwards<T>(list: LinkedList<T>): readonly T[] {
  const values: T[] = [];
  for (let link = list.last; link !== undefined; link = link.older) {
    values.push(link.value);
  }
  return values;
}

describe('LinkedList', () => {
  it('is what a plain array is, whatever is added behind what, and taken out', () => {
    const step = fc.record({ removes: fc.boolean(), at: fc.nat(9) });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (story) => {
        const list = new LinkedList<number>();
        const model: Link<number>[] = [];
        story.forEach(({ removes, at }, value) => {
          const link = model[at];
          if (!removes) {
            model.splice(link === undefined ? model.length : at + 1, 0, list.add(value, link));
          } else if (link !== undefined) {
            model.splice(at, 1);
            expect([link.isIn, list.remove(link), list.remove(link), link.isIn]).toEqual([true, true, false, false]);
          }
          expect([valuesOf(list), list.size]).toEqual([model.map((one) => one.value), model.length]);
          expect(valuesBackwards(list)).toEqual(model.map((one) => one.value).reverse());
        });
      }),
    );
  });

  it('adds at the end unless a place is named, and at the start of what is empty', () => {
    const list = new LinkedList<number>();
    const one = list.add(1);
    list.add(2);
    list.add(3, one);
    expect(valuesOf(list)).toEqual([1, 3, 2]);
  });
});
