import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Credit } from '../../lib/nats/reader/Credit.js';
import { Doubles } from '../../lib/nats/order/Doubles.js';
import { epochOf, nanosOf, timeOf } from '../../lib/nats/stream/lineage.js';
import { Waiters } from '../../lib/nats/Waiters.js';

describe('Doubles', () => {
  it('knows the last ids, as many as its capacity', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f')),
        (size, ids) => {
          const doubles = new Doubles(size);
          let known: string[] = [];
          for (const id of ids) {
            expect(doubles.has(id)).toBe(known.includes(id));
            known = known.includes(id) ? known : [...known, id].slice(-size);
          }
        },
      ),
    );
  });
});

describe('an epoch', () => {
  it('is a text that a bus accepts, and differs by stream, by its making and by marker', () => {
    const epochs = [
      epochOf('S', '2026-01-01T00:00:00Z', undefined),
      epochOf('S', '2026-01-01T00:00:01Z', undefined),
      epochOf('T', '2026-01-01T00:00:00Z', undefined),
      epochOf('S', '2026-01-01T00:00:00Z', { seq: 1, id: 'a' }),
      epochOf('S', '2026-01-01T00:00:00Z', { seq: 1, id: 'b' }),
      epochOf('', '', undefined),
    ];
    expect(new Set(epochs).size).toBe(6);
    epochs.forEach((epoch) => {
      expect(epoch).toMatch(/^[\dA-Za-z-]{1,64}$/);
    });
    expect(epochOf('S', 'x', { seq: 9, id: 'a' })).toBe(epochOf('S', 'x', { seq: 1, id: 'a' }));
  });
});

describe('a time of the server', () => {
  it('is read to the nanosecond, and written in the same way', () => {
    expect(nanosOf('2026-11-29T20:33:03.123456789Z')).toBe('1795984383123456789');
    expect(nanosOf('2026-11-29T20:33:03.1Z')).toBe('1795984383100000000');
    expect(nanosOf('2026-11-29T20:33:03Z')).toBe('1795984383000000000');
    expect(timeOf(1795984383123456789n)).toBe('2026-11-29T20:33:03.123456789Z');
    expect(timeOf(1795984383000000001n)).toBe('2026-11-29T20:33:03.000000001Z');
    expect(['', 'yesterday', '2026-11-29T20:33:03', '0001-13-01T00:00:00Z'].map(nanosOf)).toEqual([
      ...[undefined, undefined, undefined, undefined],
    ]);
  });
});

describe('Credit', () => {
  it('asks again when half of the window is free', () => {
    const credit = new Credit(8, undefined, fail, fail);
    expect(credit.room(0)).toBe(8);
    expect(credit.room(5)).toBe(0);
    expect(credit.room(4)).toBe(4);
    credit.take();
    expect(credit.room(4)).toBe(4);
  });

  it('with waitFor: never has more than the window ahead, and calls it for what has come', async () => {
    const calls: (() => void)[] = [];
    let resumed = 0;
    const credit = new Credit(
      8,
      () => new Promise<void>((resolve) => calls.push(resolve)),
      () => {
        resumed += 1;
      },
      fail,
    );
    let outstanding = credit.room(0);
    for (; outstanding > 0; outstanding -= 1) {
      credit.take();
      expect(credit.room(outstanding - 1)).toBe(0);
    }
    expect(calls).toHaveLength(1);
    calls[0]?.();
    await Promise.resolve();
    expect(resumed).toBe(1);
    // The call was made after 4 of the 8.
    expect(credit.room(0)).toBe(4);
    expect(calls).toHaveLength(2);
    calls[1]?.();
    await Promise.resolve();
    expect(credit.room(0)).toBe(8);
  });

  it('passes on what waitFor throws, once', () => {
    const errors: unknown[] = [];
    const failing = (): never => {
      throw new Error('no');
    };
    const credit = new Credit(1, failing, fail, (error) => errors.push(error));
    credit.take();
    credit.take();
    expect(errors).toEqual([new Error('no')]);
  });

  it('works with a window of 1', () => {
    const credit = new Credit(1, undefined, fail, fail);
    expect(credit.room(0)).toBe(1);
    expect(credit.room(1)).toBe(0);
  });
});

describe('Waiters', () => {
  it('wait for the storing of what was published, then for its place', async () => {
    const progress = { oldest: 1, stored: 0, brought: 0 };
    const waiters = new Waiters();
    let isDone = false;
    void waiters
      .wait(2, () => progress)
      .then(() => {
        isDone = true;
      });
    const check = async (change: Partial<typeof progress>): Promise<boolean> => {
      Object.assign(progress, change);
      waiters.check(() => progress);
      await Promise.resolve();
      await Promise.resolve();
      return isDone;
    };
    expect(await check({ oldest: 2, stored: 7, brought: 7 })).toBe(false);
    expect(await check({ oldest: 3, stored: 9, brought: 8 })).toBe(false);
    // Later events do not matter.
    expect(await check({ oldest: 3, stored: 20, brought: 9 })).toBe(true);
  });

  it('do not wait for a place that is gone', async () => {
    const progress = { oldest: Infinity, stored: 9, brought: 8 };
    const waiters = new Waiters();
    const waiting = waiters.wait(1, () => progress);
    progress.stored = 0;
    waiters.check(() => progress);
    await waiting;
  });

  it('for room or an outage are answered by either, and by the end', () => {
    const answers: string[] = [];
    const waiters = new Waiters();
    const ask = (name: string): void => {
      waiters.onRoomOrOutage(() => answers.push(name));
      waiters.checkRoom(false, true);
    };
    ask('room');
    waiters.checkRoom(true, true);
    ask('outage');
    expect(answers).toEqual(['room']);
    waiters.checkRoom(false, false);
    ask('end');
    expect(answers).toEqual(['room', 'outage']);
    waiters.close(new Error('closed'));
    expect(answers).toEqual(['room', 'outage', 'end']);
  });

  it('are answered at the end', async () => {
    const waiters = new Waiters();
    const waiting = waiters.wait(1, () => ({ oldest: 1, stored: 0, brought: 0 }));
    const room = new Promise<void>((resolve, reject) => {
      waiters.onRoom(resolve, reject);
    });
    waiters.checkRoom(false, true);
    waiters.close(new Error('closed'));
    await waiting;
    await expect(room).rejects.toThrow('closed');
  });
});

function fail(): never {
  throw new Error('not to be called');
}
