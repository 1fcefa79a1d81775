import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { KeyIndex, type Run } from '../../lib/internal/KeyIndex.js';
import { event } from '../support/events.js';
import { Recorder } from '../support/Recorder.js';

/** What `runs` say, with each target by its name. */
function said(runs: readonly Run<number>[], names: ReadonlyMap<unknown, string>): unknown[] {
  return runs.map(({ target, from, to }) => [names.get(target), from, to]);
}

/** An index with one target for each of `values`, and their names. */
function indexOf(...values: string[]): { readonly index: KeyIndex<number>; readonly names: Map<unknown, string> } {
  const index = new KeyIndex<number>();
  const names = new Map<unknown, string>();
  for (const value of values) {
    const target = new Recorder();
    index.add(value, target);
    names.set(target, value);
  }
  return { index, names };
}

describe('KeyIndex', () => {
  it('makes one run of successive events for one target, also where other values lie between in the runs', () => {
    const [scrolls, kinds] = [indexOf('s', 't'), indexOf('k')];
    const runs: Run<number>[] = [];
    const words = ['s', 's', 's', 't', 's'];
    words.forEach((word, at) => {
      expect(scrolls.index.find(word, at, 0, runs)).toBe(true);
      expect(kinds.index.find('k', at, 0, runs)).toBe(true);
    });
    expect(said(runs, new Map([...scrolls.names, ...kinds.names]))).toEqual([
      ['s', 0, 3],
      ['k', 0, 5],
      ['t', 3, 4],
      ['s', 4, 5],
    ]);
  });

  it('ends a run at an event that is for somebody else', () => {
    const { index, names } = indexOf('s');
    const runs: Run<number>[] = [];
    const found = ['s', 'other', 's', 's'].map((word, at) => index.find(word, at, 0, runs));
    expect(found).toEqual([true, false, true, true]);
    expect(said(runs, names)).toEqual([
      ['s', 0, 1],
      ['s', 2, 4],
    ]);
  });

  it('ends all runs with their burst', () => {
    const { index, names } = indexOf('s');
    const one: Run<number>[] = [];
    index.find('s', 0, 0, one);
    const next: Run<number>[] = [];
    index.find('s', 0, 1, next);
    index.find('s', 1, 1, next);
    expect([said(one, names), said(next, names)]).toEqual([[['s', 0, 1]], [['s', 0, 2]]]);
  });

  it('law 13: its runs hold each event once, in order and no longer than need be, whatever the values and bursts', () => {
    const value = fc.constantFrom('a', 'b', '__proto__', 'nobody');
    fc.assert(
      fc.property(fc.array(fc.array(value, { minLength: 1, maxLength: 12 }), { maxLength: 6 }), (bursts) => {
        const { index, names } = indexOf('a', 'b', '__proto__');
        let first = 0;
        for (const burst of bursts) {
          const runs: Run<number>[] = [];
          burst.forEach((word, at) => index.find(word, at, first, runs));
          const places = runs.flatMap(({ target, from, to }) =>
            Array.from({ length: to - from }, (_, i) => [names.get(target), from + i]),
          );
          expect(places).toEqual(
            [...burst.entries()].filter(([, word]) => word !== 'nobody').map(([at, word]) => [word, at]),
          );
          expect(runs).toHaveLength(burst.filter((word, at) => word !== 'nobody' && word !== burst[at - 1]).length);
          first += burst.length;
        }
      }),
      { numRuns: 200 },
    );
  });

  it('sees who came and who left, also where it has just looked', () => {
    const index = new KeyIndex<number>();
    const [one, two, three] = [new Recorder(), new Recorder(), new Recorder()];
    const story: unknown[] = [];
    const tell = (): unknown => story.push([index.has('v'), index.has('v'), index.size]);
    tell();
    index.add('v', one);
    tell();
    index.add('v', two);
    index.add('v', three);
    tell();
    index.remove('v', one);
    index.remove('v', three);
    tell();
    index.remove('v', two);
    tell();
    expect(story).toEqual([[false, false, 0], ...Array<unknown>(3).fill([true, true, 1]), [false, false, 0]]);
    expect(index.find('v', 0, 0, [])).toBe(false);
  });

  it('offers a run to all that are listed by the value when it was found', () => {
    const index = new KeyIndex<number>();
    const [one, two] = [new Recorder(), new Recorder()];
    const found = (burst: number): Run<number> | undefined => {
      const runs: Run<number>[] = [];
      index.find('v', 0, burst, runs);
      return runs[0];
    };
    index.add('v', one);
    expect(found(0)?.target).toBe(one);
    index.add('v', two);
    found(1)?.target.offerRun({ events: [event(7)], first: 1, lent: false }, 0, 1);
    expect([one.offered, two.offered]).toEqual([[7], [7]]);
  });
});
