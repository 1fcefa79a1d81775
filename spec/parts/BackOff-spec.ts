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

  it.each([
    [{ initialMs: 0 }, 'retry.initialMs'],
    [{ maxMs: NaN }, 'retry.maxMs'],
    [{ maxAttempts: 1.5 }, 'retry.maxAttempts'],
  ])('refuses %j', (retry, what) => {
    expect(() => new BackOff(retry, new Clock())).toThrow(`fromEventStream: ${what} must be an integer`);
  });
});
