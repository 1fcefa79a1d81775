import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BoundedQueue } from '../../lib/internal/support/BoundedQueue.js';
import { survivors } from '../support/collectGarbage.js';

type Command = { readonly offer: number } | 'shift' | 'clear';

function drained<T>(queue: BoundedQueue<T>): T[] {
  return Array.from({ length: queue.size }, () => queue.shift());
}

describe('BoundedQueue', () => {
  it('law 20: full, it refuses the newest and leaves what waits alone', () => {
    const queue = new BoundedQueue<string>(2);
    expect(['a', 'b', 'c', 'd'].map((value) => queue.offer(value))).toEqual([true, true, false, false]);
    expect(queue.shift()).toBe('a');
    expect(queue.offer('e')).toBe(true);
    expect(drained(queue)).toEqual(['b', 'e']);
  });

  it('agrees with an array that is pushed to and shifted from, whatever the commands', () => {
    const offers = fc.integer({ min: 1, max: 12 }).map((offer): Command => ({ offer }));
    const command = fc.oneof(
      { weight: 5, arbitrary: offers },
      { weight: 20, arbitrary: fc.constant<Command>('shift') },
      { weight: 1, arbitrary: fc.constant<Command>('clear') },
    );
    const capacity = fc.oneof(fc.integer({ min: 1, max: 20 }), fc.constant(2 ** 31 - 1));
    fc.assert(
      fc.property(capacity, fc.array(command, { maxLength: 100, size: 'max' }), (room, commands) => {
        const queue = new BoundedQueue<number>(room);
        const model: number[] = [];
        let next = 0;
        for (const one of commands) {
          if (one === 'clear') {
            queue.clear();
            model.length = 0;
          } else if (one === 'shift') {
            if (model.length > 0) {
              expect(queue.shift()).toBe(model.shift());
            }
          } else {
            for (let i = 0; i < one.offer; i += 1) {
              next += 1;
              expect(queue.offer(next)).toBe(model.length < room);
              if (model.length < room) {
                model.push(next);
              }
            }
          }
          expect(queue.size).toBe(model.length);
        }
        expect(drained(queue)).toEqual(model);
      }),
      { numRuns: 200 },
    );
  });

  it.each([1, 3, 4, 5, 255, 256, 257, 1_000])('law 20: takes exactly %d, and again once it is emptied', (capacity) => {
    const queue = new BoundedQueue<number>(capacity);
    for (let round = 0; round < 3; round += 1) {
      const taken = Array.from({ length: capacity + 2 }, (_, i) => queue.offer(i)).filter(Boolean);
      expect(taken).toHaveLength(capacity);
      expect(drained(queue)).toEqual([...taken.keys()]);
      expect(queue.size).toBe(0);
    }
  });

  it('keeps the order around the end of its ring, and as the ring grows there', () => {
    const queue = new BoundedQueue<number>(100);
    const out: number[] = [];
    let next = 0;
    for (const [offers, shifts] of [
      [4, 3],
      [3, 2],
      [9, 4],
      [30, 34],
      [3, 3],
    ] as const) {
      for (let i = 0; i < offers; i += 1) {
        expect(queue.offer(next)).toBe(true);
        next += 1;
      }
      for (let i = 0; i < shifts; i += 1) {
        out.push(queue.shift());
      }
    }
    expect([...out, ...drained(queue)]).toEqual([...Array(next).keys()]);
  });

  it('takes undefined and null for values', () => {
    const queue = new BoundedQueue<unknown>(2);
    queue.offer(undefined);
    queue.offer(null);
    expect(queue.size).toBe(2);
    expect(drained(queue)).toEqual([undefined, null]);
  });

  it.each([
    [32, 33, 256],
    [256, 100, 1_000],
  ])('agrees with an array when it is emptied of %d, then %d and %d values', (...counts) => {
    const queue = new BoundedQueue<number>(1_000);
    for (const count of [...counts, ...counts]) {
      const values = [...Array(count).keys()];
      values.forEach((value) => queue.offer(value));
      expect(queue.at(count - 1)).toBe(count - 1);
      expect(drained(queue)).toEqual(values);
    }
  });

  it('law 34: takes little memory once it is emptied', async () => {
    const queues = Array.from({ length: 2_000 }, () => new BoundedQueue<number>(256));
    const bytes = async (): Promise<number> => {
      await survivors([new WeakRef({})]);
      return process.memoryUsage().heapUsed;
    };
    const fill = (queue: BoundedQueue<number>): void => {
      for (let n = 0; n < 256; n += 1) {
        queue.offer(n);
      }
    };
    const before = await bytes();
    queues.forEach(fill);
    queues.forEach((queue) => drained(queue));
    const kept = ((await bytes()) - before) / queues.length;
    expect(kept).toBeLessThan(500);
  });

  it('law 34: holds nothing that was shifted or cleared', async () => {
    const shifting = new BoundedQueue<object>(8);
    const clearing = new BoundedQueue<object>(8);
    const fill = (queue: BoundedQueue<object>): WeakRef<object>[] =>
      [{}, {}, {}].map((value) => {
        queue.offer(value);
        return new WeakRef(value);
      });
    const refs = [...fill(shifting), ...fill(clearing)];
    drained(shifting);
    clearing.clear();
    expect(await survivors(refs)).toBe(0);
    expect([shifting.size, clearing.size]).toEqual([0, 0]);
  });
});
