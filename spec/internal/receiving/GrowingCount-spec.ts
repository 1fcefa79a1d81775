import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { config } from 'rxjs';
import { GrowingCount } from '../../../lib/internal/receiving/GrowingCount.js';
import { collect } from '../../support/collect.js';

describe('GrowingCount', () => {
  beforeEach(() => {
    jest.useFakeTimers();
  });

  afterEach(() => {
    config.onUnhandledError = null;
    jest.useRealTimers();
  });

  it('law 22: begins with the present count, tells each growth once, and ends with the final one', () => {
    let count = 5;
    const growing = new GrowingCount(() => count);
    const early = collect(growing.observe());
    growing.tell();
    count = 7;
    growing.tell();
    growing.tell();
    const late = collect(growing.observe());
    count = 8;
    growing.end();
    expect([early.values, early.endings]).toEqual([[5, 7, 8], ['complete']]);
    expect([late.values, late.endings]).toEqual([[7, 8], ['complete']]);
  });

  it('tells an end at which nothing has grown as an end, and no count again', () => {
    const growing = new GrowingCount(() => 3);
    const { values, endings } = collect(growing.observe());
    growing.end();
    expect([values, endings]).toEqual([[3], ['complete']]);
  });

  it('what an observer loses when it is told is told before the end', () => {
    let count = 1;
    const growing = new GrowingCount(() => count);
    const seen: number[] = [];
    growing.observe().subscribe((value) => {
      seen.push(value);
      count = Math.max(count, value === 2 ? 3 : value);
    });
    count = 2;
    growing.tell();
    growing.end();
    expect(seen).toEqual([1, 2, 3]);
  });

  it('law 14: an observer that throws is reported, and costs the others nothing', () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    let count = 0;
    const growing = new GrowingCount(() => count);
    growing.observe().subscribe((value) => {
      if (value > 0) {
        throw new Error(`no to ${value}`);
      }
    });
    const { values } = collect(growing.observe());
    count = 1;
    growing.tell();
    jest.runAllTimers();
    expect([values, reported]).toEqual([[0, 1], [new Error('no to 1')]]);
  });

  it('reports that it cannot be read, and throws nothing', () => {
    const reported: unknown[] = [];
    config.onUnhandledError = (error) => reported.push(error);
    let isBroken = false;
    const growing = new GrowingCount(() => {
      if (isBroken) {
        throw new Error('no');
      }
      return 0;
    });
    const { endings } = collect(growing.observe());
    isBroken = true;
    growing.end();
    jest.runAllTimers();
    expect([endings, reported]).toEqual([['complete'], [new Error('no')]]);
  });
});
