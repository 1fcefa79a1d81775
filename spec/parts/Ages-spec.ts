import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Ages } from '../../lib/internal/receive/Ages.js';

describe('Ages', () => {
  it('knows since when the oldest waits, while older ones go', () => {
    const ages = new Ages();
    ages.record(0, 10, 0);
    ages.record(2, 20, 0);
    ages.record(3, 30, 0);
    expect([0, 1, 2, 3, 9].map((oldest) => ages.since(oldest))).toEqual([10, 10, 20, 30, 30]);
  });

  it('knows nothing before it was told anything', () => {
    expect(new Ages().since(0)).toBeUndefined();
  });

  it('forgets what does not wait any more: where nothing else waits, and where some of it is gone', () => {
    const ages = new Ages();
    ages.record(0, 10, 0);
    ages.record(5, 20, 5);
    expect(ages.since(5)).toBe(20);
    ages.record(6, 30, 5);
    ages.record(7, 40, 6);
    expect(ages.since(6)).toBe(30);
  });

  it('the time of those that came together is noted once', () => {
    const ages = new Ages();
    for (let number = 0; number < 20; number += 1) {
      ages.record(number, number === 0 ? 10 : 20, 0);
    }
    expect([ages.since(0), ages.since(1), ages.since(19)]).toEqual([10, 20, 20]);
  });

  it('the time of those that came last is noted once, however many times there are', () => {
    const ages = new Ages();
    [10, 20, 30, 40, 40, 40].forEach((time, number) => {
      ages.record(number, time, 0);
    });
    expect([1, 2, 3].map((oldest) => ages.since(oldest))).toEqual([20, 30, 40]);
  });

  it('with many times, none is told younger than it is, and the oldest is exact', () => {
    const steps = fc.array(fc.record({ later: fc.nat(3), takes: fc.nat(2) }), { maxLength: 60 });
    fc.assert(
      fc.property(steps, (story) => {
        const ages = new Ages();
        const times: number[] = [];
        let time = 0;
        let oldest = 0;
        let hasTaken = false;
        for (const { later, takes } of story) {
          time += later;
          ages.record(times.length, time, oldest);
          times.push(time);
          if (!hasTaken) {
            expect(ages.since(oldest)).toBe(times[0]);
          }
          expect(ages.since(oldest)).toBeLessThanOrEqual(times[oldest] as number);
          oldest = Math.min(oldest + takes, times.length);
          hasTaken ||= takes > 0;
        }
      }),
    );
  });

  it('keeps a recent time beside the oldest, however many there were between', () => {
    const ages = new Ages();
    for (let number = 0; number < 100; number += 1) {
      ages.record(number, number, 0);
    }
    expect([ages.since(0), ages.since(99)]).toEqual([0, 99]);
  });
});
