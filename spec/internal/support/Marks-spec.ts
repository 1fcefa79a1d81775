import { describe, expect, it } from '@jest/globals';
import { Marks } from '../../../lib/internal/support/Marks.js';

describe('Marks', () => {
  it('tells each one when the count has come so far, and none before', async () => {
    const marks = new Marks();
    const story: number[] = [];
    for (const count of [3, 1, 2]) {
      void marks.reached(count).over.then(() => story.push(count));
    }
    marks.passed(0);
    await Promise.resolve();
    expect(story).toEqual([]);
    marks.passed(2);
    await Promise.resolve();
    expect(story).toEqual([1, 2]);
    marks.passed(Infinity);
    await Promise.resolve();
    expect(story).toEqual([1, 2, 3]);
  });

  it('tells nobody who has withdrawn', async () => {
    const marks = new Marks();
    const story: string[] = [];
    const wait = marks.reached(1);
    void wait.over.then(() => story.push('told'));
    wait.withdraw();
    wait.withdraw();
    marks.passed(5);
    await Promise.resolve();
    expect(story).toEqual([]);
  });
});
