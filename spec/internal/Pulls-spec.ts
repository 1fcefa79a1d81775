import { describe, expect, it } from '@jest/globals';
import { Pulls } from '../../lib/internal/Pulls.js';

describe('Pulls', () => {
  it('answers those who ask in their order, with a value, with none, or with an error', async () => {
    const pulls = new Pulls<number>();
    const asked = [pulls.ask(), pulls.ask(), pulls.ask()].map((one) => one.catch(String));
    expect(pulls.size).toBe(3);
    pulls.give(1);
    pulls.refuse(new Error('no'));
    pulls.give(undefined);
    expect(await Promise.all(asked)).toEqual([1, 'Error: no', undefined]);
    expect(pulls.size).toBe(0);
  });

  it('has nobody to answer where nobody asks', () => {
    const pulls = new Pulls<number>();
    pulls.give(1);
    pulls.refuse(new Error('no'));
    expect(pulls.size).toBe(0);
  });
});
