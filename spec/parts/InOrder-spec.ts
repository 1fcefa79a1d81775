import { describe, expect, it } from '@jest/globals';
import { InOrder } from '../../lib/internal/dispatch/order.js';

/** Runs `job`, whose subject is nothing. */
function run(inOrder: InOrder, job: () => void): void {
  inOrder.run(job, undefined);
}

describe('InOrder', () => {
  it('runs a job at once where none runs', () => {
    const inOrder = new InOrder();
    const story: string[] = [];
    run(inOrder, () => story.push('one'));
    story.push('between');
    run(inOrder, () => story.push('two'));
    expect(story).toEqual(['one', 'between', 'two']);
  });

  it('law 15: a job that is asked for while another runs waits, in the order of asking', () => {
    const inOrder = new InOrder();
    const story: string[] = [];
    run(inOrder, () => {
      run(inOrder, () => {
        story.push('second begins');
        run(inOrder, () => story.push('fourth'));
        story.push('second ends');
      });
      run(inOrder, () => story.push('third'));
      story.push('first ends');
    });
    expect(story).toEqual(['first ends', 'second begins', 'second ends', 'third', 'fourth']);
  });

  it('runs no job twice', () => {
    const inOrder = new InOrder();
    let runs = 0;
    for (let i = 0; i < 3; i += 1) {
      run(inOrder, () => {
        run(inOrder, () => {
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
        run(inOrder, job);
      }
    };
    run(inOrder, job);
    expect(left).toBe(0);
  });

  it('gives each job its own subject, also if it had to wait', () => {
    const inOrder = new InOrder();
    const story: string[] = [];
    const tell = (word: string): void => {
      if (word === 'outer') {
        inOrder.run(tell, 'one');
        inOrder.run(tell, 'two');
      }
      story.push(word);
    };
    inOrder.run(tell, 'outer');
    expect(story).toEqual(['outer', 'one', 'two']);
  });

  it('reports whether a job runs; a job that throws discards the jobs that wait for it', () => {
    const inOrder = new InOrder();
    const story: unknown[] = [inOrder.isRunning];
    const failing = (): void => {
      run(inOrder, () => story.push('never'));
      story.push(inOrder.isRunning);
      throw new Error('no');
    };
    expect(() => {
      run(inOrder, failing);
    }).toThrow('no');
    story.push(inOrder.isRunning);
    run(inOrder, () => {
      run(inOrder, () => story.push('waited', inOrder.isRunning));
    });
    expect(story).toEqual([false, true, false, 'waited', true]);
  });
});
