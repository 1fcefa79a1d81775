import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ChunkedQueue } from '../../lib/internal/replay/ChunkedQueue.js';
import { survivors } from '../support/collectGarbage.js';

/** Adds so many values if positive, and takes so many out if negative. */
const anySteps = fc.array(fc.integer({ min: -600, max: 600 }), { maxLength: 12 });

describe('ChunkedQueue', () => {
  it.each([1, 2, 255, 256, 257, 2 ** 31 - 1])(
    'agrees with an array, whatever the steps, with at most %d values',
    (most) => {
      fc.assert(
        fc.property(anySteps, (steps) => {
          const queue = new ChunkedQueue<number>(most);
          const model: number[] = [];
          let next = 0;
          for (const step of steps) {
            for (let n = step; n > 0 && model.length < most; n -= 1) {
              queue.add(next);
              model.push(next);
              next += 1;
            }
            const out = model.splice(0, Math.max(0, -step));
            expect(out.map(() => queue.shift())).toEqual(out);
            expect(queue.size).toBe(model.length);
            const places = [0, 1, 255, 256, model.length - 1].filter((index) => index >= 0 && index < model.length);
            expect(places.map((index) => queue.at(index))).toEqual(places.map((index) => model[index]));
            for (const [from, to] of [
              [0, model.length],
              [Math.floor(model.length / 3), Math.floor(model.length / 2)],
            ] as const) {
              const found = model.findIndex((value, index) => index >= from && index < to && value % 100 === 0);
              expect(queue.seek(from, to, (value) => value % 100 === 0)).toBe(found < 0 ? to : found);
            }
          }
        }),
        { numRuns: 50 },
      );
    },
  );

  it.each([3, 256])('law 34: holds no value that was taken out of %d', async (count) => {
    const queue = new ChunkedQueue<object>(1_000);
    const refs = Array.from({ length: count }, () => {
      const value = {};
      queue.add(value);
      return new WeakRef(value);
    });
    refs.forEach(() => queue.shift());
    expect(await survivors(refs)).toBe(0);
    expect(queue.size).toBe(0);
  });
});
