import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Marks, type Wait } from '../../lib/internal/support/Marks.js';

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

  it('does not resolve a wait that was withdrawn', async () => {
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

  it.each([
    ['grow', (index: number) => index + 1],
    ['fall', (index: number) => 1000 - index],
    ['are one', () => 1000],
    ['are far apart', (index: number) => (index + 1) * 1000],
  ])('looks at no more marks than there are, whose counts %s, however often the count is told', async (_how, count) => {
    const marks = new Marks();
    const told: number[] = [];
    const overs = Array.from({ length: 1000 }, async (_, index) => {
      await marks.reached(count(index)).over;
      told.push(count(index));
    });
    let looks = 0;
    for (let step = 1; step <= 1000; step += 1) {
      const present = {
        valueOf: () => {
          looks += 1;
          return Math.max(count(0), count(999)) * (step / 1000);
        },
      };
      // A comparison with a number is a look.
      marks.passed(present as unknown as number);
    }
    await Promise.all(overs);
    expect(told).toEqual([...told].sort((one, other) => one - other));
    expect(looks).toBeLessThanOrEqual(6000);
  });

  it('tells each in the order of their counts, then of their coming, whatever is withdrawn', () => {
    const command = fc.oneof(
      { weight: 3, arbitrary: fc.record({ wait: fc.nat(20) }) },
      { weight: 1, arbitrary: fc.record({ withdraw: fc.nat(40) }) },
      { weight: 1, arbitrary: fc.record({ grow: fc.nat(5) }) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 100, size: 'max' }), (commands) => {
        const marks = new Marks();
        const model: { readonly count: number; readonly order: number }[] = [];
        const waits: Wait[] = [];
        let told: unknown[] = [];
        let present = 0;
        for (const one of commands) {
          if ('wait' in one) {
            const mark = { count: present + one.wait, order: waits.length };
            model.push(mark);
            waits.push(
              marks.reached(mark.count, () => {
                told.push(mark);
                return undefined;
              }),
            );
          } else if ('withdraw' in one) {
            waits[one.withdraw]?.withdraw();
            const at = model.findIndex(({ order }) => order === one.withdraw);
            model.splice(at, at >= 0 ? 1 : 0);
          } else {
            present += one.grow;
          }
          told = [];
          marks.passed(present);
          const due = model.filter(({ count }) => count <= present);
          expect(told).toEqual(due.sort((a, b) => a.count - b.count || a.order - b.order));
          due.forEach((mark) => model.splice(model.indexOf(mark), 1));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('tells those of a count that was told before, at the next time, and after the last', async () => {
    const marks = new Marks();
    const story: number[] = [];
    for (const [present, count] of [
      [5, 3],
      [Infinity, 7],
    ] as const) {
      marks.passed(present);
      void marks.reached(count).over.then(() => story.push(count));
      await settled();
    }
    expect(story).toEqual([3]);
    marks.passed(6);
    await settled();
    expect(story).toEqual([3]);
    marks.passed(7);
    await settled();
    expect(story).toEqual([3, 7]);
  });
});

/** Long enough for promises that wait for one another. */
function settled(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
