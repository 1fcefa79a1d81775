import { describe, expect, it } from '@jest/globals';
import { Marks, type Wait } from '../../../lib/internal/support/Marks.js';

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

  it('asks, when the count is told, what else is to be waited for', async () => {
    const marks = new Marks();
    const others = new Marks();
    const story: string[] = [];
    const then = (): Wait => {
      story.push('asked');
      return others.reached(5);
    };
    void marks.reached(1, then).over.then(() => story.push('told'));
    void marks.reached(1, () => undefined).over.then(() => story.push('told at once'));
    expect(story).toEqual([]);
    marks.passed(1);
    expect(story).toEqual(['asked']);
    await settled();
    expect(story).toEqual(['asked', 'told at once']);
    others.passed(5);
    await settled();
    expect(story).toEqual(['asked', 'told at once', 'told']);
  });

  it('withdraws from what else is waited for, too', async () => {
    const marks = new Marks();
    const others = new Marks();
    let told = false;
    const wait = marks.reached(1, () => others.reached(1));
    void wait.over.then(() => {
      told = true;
    });
    marks.passed(1);
    wait.withdraw();
    others.passed(1);
    await settled();
    expect(told).toBe(false);
  });
});

/** Long enough for promises that wait for one another. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
