import { describe, expect, it } from '@jest/globals';
import { InOrder } from '../../lib/internal/InOrder.js';

describe('InOrder', () => {
  it('runs a job at once where none runs', () => {
    const inOrder = new InOrder();
    const story: string[] = [];
    inOrder.run(() => story.push('one'));
    story.push('between');
    inOrder.run(() => story.push('two'));
    expect(story).toEqual(['one', 'between', 'two']);
  });

  it('law 15: a job that is asked for while another runs waits, in the order of asking', () => {
    const inOrder = new InOrder();
    const story: string[] = [];
    inOrder.run(() => {
      inOrder.run(() => {
        story.push('second begins');
        inOrder.run(() => story.push('fourth'));
        story.push('second ends');
      });
      inOrder.run(() => story.push('third'));
      story.push('first ends');
    });
    expect(story).toEqual(['first ends', 'second begins', 'second ends', 'third', 'fourth']);
  });

  it('runs no job twice', () => {
    const inOrder = new InOrder();
    let runs = 0;
    for (let i = 0; i < 3; i += 1) {
      inOrder.run(() => {
        inOrder.run(() => {
          runs += 1;
        });
      });
    }
    expect(runs).toBe(3);
  });

  it('a chain of 100,000 jobs, each asked for by the one before, needs no deep stack', () => {
    const inOrder = new InOrder();
    let left = 100_000;
    const job = (): void => {
      left -= 1;
      if (left > 0) {
        inOrder.run(job);
      }
    };
    inOrder.run(job);
    expect(left).toBe(0);
  });
});
