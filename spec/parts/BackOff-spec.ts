import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { BackOff } from '../../lib/sse/BackOff.js';
import { Clock } from '../support/Clock.js';

/** What the next `count` attempts wait for, each after one that failed. */
function waits(backOff: BackOff, count: number, retryAfter: string | null = null): (number | undefined)[] {
  return Array.from({ length: count }, () => {
    backOff.attempts += 1;
    return backOff.next(retryAfter);
  });
}

describe('BackOff', () => {
  let chance = 0;

  beforeEach(() => {
    chance = 0;
    jest.spyOn(Math, 'random').mockImplementation(() => chance);
  });

  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('waits twice as long each time, up to the most, and from the beginning when one has worked', () => {
    const backOff = new BackOff({ initialMs: 100, maxMs: 450 }, new Clock());
    expect(waits(backOff, 5)).toEqual([100, 200, 400, 450, 450]);
    backOff.reset();
    expect([backOff.attempts, backOff.next(null), waits(backOff, 1)]).toEqual([1, 100, [200]]);
  });

  it('waits less by chance, and never for less than half', () => {
    const backOff = new BackOff({ initialMs: 100 }, new Clock());
    chance = 0.5;
    expect(waits(backOff, 1)).toEqual([75]);
    chance = 1 - Number.EPSILON;
    expect(waits(backOff, 1)).toEqual([100]);
  });

  it('knows no end of its own, and no number that is too large', () => {
    const backOff = new BackOff({ maxMs: 2 ** 31 - 1, initialMs: 2 ** 31 - 1 }, new Clock());
    backOff.attempts = 1e9;
    expect([backOff.next(null), backOff.next('9'.repeat(400))]).toEqual([2 ** 31 - 1, 2 ** 31 - 1]);
  });

  it.each([
    ['one attempt where it is told not to come back', false, [undefined]],
    ['as many attempts as it may have', { maxAttempts: 3, initialMs: 10 }, [10, 20, undefined, undefined]],
    ['with what is told by default', undefined, [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]],
    ['with nothing told', {}, [1_000]],
  ] as const)('has %s', (_what, retry, expected) => {
    expect(waits(new BackOff(retry, new Clock()), expected.length)).toEqual(expected);
  });

  it('begins with what the server wishes, within what the application allows', () => {
    const backOff = new BackOff({ initialMs: 100, maxMs: 450 }, new Clock());
    backOff.suggest(200);
    expect(waits(backOff, 3)).toEqual([200, 400, 450]);
    backOff.reset();
    backOff.suggest(0);
    expect(backOff.next(null)).toBe(1);
    backOff.suggest(1e9);
    expect(backOff.next(null)).toBe(450);
  });

  it.each([
    ['7', 7_000],
    [' 7 ', 7_000],
    ['0', 1_000],
    [new Date(60_000).toUTCString(), 50_000],
    [new Date(1_000).toUTCString(), 1_000],
    ['after 40', 1_000],
    [' 50 ', 50_000],
    ['soon', 1_000],
    ['', 1_000],
  ])('waits as long as the server says, where that is longer: %j', (retryAfter, expected) => {
    const clock = new Clock();
    clock.pass(10_000);
    expect(waits(new BackOff(undefined, clock), 1, retryAfter)).toEqual([expected]);
  });

  it.each([
    [new Date(70_000).toUTCString(), 20_000],
    [new Date(95_000).toUTCString(), 1_000],
    ['soon', 80_000],
    ['', 80_000],
    [null, 80_000],
  ])('a date that the server says is measured from its own, where it tells that: %j', (date, expected) => {
    const clock = new Clock();
    clock.pass(10_000);
    const backOff = new BackOff(undefined, clock);
    backOff.attempts = 1;
    expect(backOff.next(new Date(90_000).toUTCString(), date)).toBe(expected);
  });

  it('does not come back before the time that the server says, and spreads over half of that time after it', () => {
    const backOff = new BackOff({ initialMs: 100, maxMs: 5_000 }, new Clock());
    const wait = (at: number, retryAfter: string): number | undefined => {
      chance = at;
      return waits(backOff, 1, retryAfter)[0];
    };
    expect([wait(0, '4'), wait(0.5, '4'), wait(1, '4')]).toEqual([4_000, 5_000, 6_000]);
    // And by no more than the longest wait of its own.
    expect([wait(0, '1000'), wait(0.5, '1000'), wait(1, '1000')]).toEqual([1_000_000, 1_002_500, 1_005_000]);
  });

  it('waits no longer than it may, whatever the server says', () => {
    const week = `${7 * 24 * 3_600}`;
    expect(waits(new BackOff({}, new Clock()), 1, week)).toEqual([3_600_000]);
    expect(waits(new BackOff({ maxRetryAfterMs: 10_000 }, new Clock()), 3, week)).toEqual([10_000, 10_000, 10_000]);
    expect(waits(new BackOff({ maxRetryAfterMs: 10 }, new Clock()), 2, week)).toEqual([1_000, 2_000]);
  });

  it('takes the time of an answer that refuses as it takes a Retry-After', () => {
    const backOff = new BackOff({ initialMs: 100, maxMs: 450, maxRetryAfterMs: 8_000 }, new Clock());
    backOff.attempts = 1;
    chance = 0.5;
    const refused = (ms: number): number | undefined => backOff.next(null, null, ms);
    expect([refused(600), refused(8_000), refused(9_000), backOff.next('1', null, 600)]).toEqual([
      750, 8_225, 8_225, 1_225,
    ]);
  });

  it('has worked where it has stayed open for longer than the wait before it, or than the first wait', () => {
    const clock = new Clock();
    const backOff = new BackOff({ initialMs: 100, maxMs: 400 }, clock);
    const stay = (ms: number): unknown => {
      backOff.attempts += 1;
      backOff.opened();
      clock.pass(ms);
      return [backOff.next(null), backOff.attempts];
    };
    expect([stay(100), stay(100), stay(200), stay(400), stay(401)]).toEqual([
      [100, 1],
      [200, 2],
      [400, 3],
      [400, 4],
      [100, 1],
    ]);
    // Never opened: how long the attempt took does not count.
    backOff.attempts += 1;
    clock.pass(1_000);
    expect([backOff.next(null), backOff.attempts]).toEqual([200, 2]);
  });

  it('counts the first wait in place of a wait before the first attempt', () => {
    const clock = new Clock();
    const backOff = new BackOff({ initialMs: 100, maxAttempts: 1 }, clock);
    backOff.attempts = 3;
    backOff.opened();
    clock.pass(101);
    expect([backOff.next(null), backOff.attempts]).toEqual([undefined, 1]);
  });

  it.each([
    [{ maxRetryAfterMs: 0 }, 'retry.maxRetryAfterMs'],
    [{ initialMs: 0 }, 'retry.initialMs'],
    [{ maxMs: NaN }, 'retry.maxMs'],
    [{ maxAttempts: 1.5 }, 'retry.maxAttempts'],
  ])('refuses %j', (retry, what) => {
    expect(() => new BackOff(retry, new Clock())).toThrow(`fromEventStream: ${what} must be an integer`);
  });
});
