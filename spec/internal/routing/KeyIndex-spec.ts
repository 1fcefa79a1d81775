import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Batch, type Run } from '../../../lib/internal/dispatch/Batch.js';
import { KeyIndex } from '../../../lib/internal/dispatch/KeyIndex.js';
import { event } from '../../support/events.js';
import { Recorder } from '../../support/Recorder.js';

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

/** Adds an event of each of `values` to `batch`, as one that each of `indexes` is asked about; tells what the first finds. */
function findAll(batch: Batch<number>, values: readonly string[], ...indexes: KeyIndex<number>[]): boolean[] {
  return values.map((value) => {
    batch.events.push(event(0));
    return indexes.map((index) => index.find(value, batch)).some(Boolean);
  });
}

describe('KeyIndex', () => {
  it('makes one run of successive events for one target, also where those of other fields lie between', () => {
    const [scrolls, others] = [indexOf('s', 't'), indexOf('s', 't')];
    const batch = new Batch<number>(0, Date.now);
    findAll(batch, ['s', 's', 's', 't', 's'], scrolls.index, others.index);
    const runs = [
      ['s', 0, 3],
      ['t', 3, 4],
      ['s', 4, 5],
    ];
    expect(said(batch.runs, new Map([...scrolls.names, ...others.names]))).toEqual(runs.flatMap((run) => [run, run]));
  });

  it('ends a run at an event that is for somebody else, and is a run of its own then', () => {
    const { index, names } = indexOf('s');
    const batch = new Batch<number>(0, Date.now);
    expect(findAll(batch, ['s', 'other', 's', 's'], index)).toEqual([true, false, true, true]);
    expect(said(batch.runs, names)).toEqual([
      ['s', 0, 1],
      ['s', 2, 4],
    ]);
  });

  it('ends all runs with their batch', () => {
    const { index, names } = indexOf('s');
    const [one, next] = [new Batch<number>(0, Date.now), new Batch<number>(1, Date.now)];
    findAll(one, ['s'], index);
    findAll(next, ['s', 's'], index);
    expect([said(one.runs, names), said(next.runs, names)]).toEqual([[['s', 0, 1]], [['s', 0, 2]]]);
  });

  it('law 13: its runs hold each event once, in order and no longer than need be, whatever the values and batches', () => {
    const value = fc.constantFrom('a', 'b', '__proto__', 'nobody');
    fc.assert(
      fc.property(fc.array(fc.array(value, { minLength: 1, maxLength: 12 }), { maxLength: 6 }), (bursts) => {
        const { index, names } = indexOf('a', 'b', '__proto__');
        let first = 0;
        for (const burst of bursts) {
          const batch = new Batch<number>(first, Date.now);
          findAll(batch, burst, index);
          const places = batch.runs.flatMap(({ target, from, to }) =>
            Array.from({ length: to - from }, (_, i) => [names.get(target), from + i]),
          );
          const wanted = [...burst.entries()].filter(([, word]) => word !== 'nobody');
          expect(places).toEqual(wanted.map(([at, word]) => [word, at]));
          expect(batch.runs).toHaveLength(wanted.filter(([at, word]) => word !== burst[at - 1]).length);
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
    expect(findAll(new Batch(0, Date.now), ['v'], index)).toEqual([false]);
  });

  it('offers a run to all that are listed by the value when it was found', () => {
    const index = new KeyIndex<number>();
    const [one, two] = [new Recorder(), new Recorder()];
    const found = (first: number): Batch<number> => {
      const batch = new Batch<number>(first, Date.now);
      findAll(batch, ['v'], index);
      return batch;
    };
    index.add('v', one);
    expect(found(0).runs[0]?.target).toBe(one);
    index.add('v', two);
    const batch = found(1);
    batch.runs[0]?.target.offerRun(batch, 0, 1);
    expect([one.offered, two.offered]).toEqual([[0], [0]]);
  });
});
