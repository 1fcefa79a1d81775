import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { difference, kindOf, MAX_KINDS, Tally } from '../../lib/internal/support/Tally.js';
import { event } from '../support/events.js';

function tallyOf(...kinds: readonly string[]): Tally {
  const tally = new Tally();
  kinds.forEach((kind) => {
    tally.add(kind);
  });
  return tally;
}

describe('Tally', () => {
  it('counts each kind, in runs or mixed', () => {
    const tally = tallyOf('a', 'a', 'b', 'a');
    tally.add('b', 5);
    expect([...tally.counts]).toEqual([
      ['a', 3],
      ['b', 6],
    ]);
  });

  it('counts that were read do not change any more, and are not made twice', () => {
    const tally = tallyOf('a');
    const { counts } = tally;
    expect(tally.counts).toBe(counts);
    tally.add('a');
    expect([counts.get('a'), tally.counts.get('a')]).toEqual([1, 2]);
  });

  it('tells 64 kinds apart, and goes on to count those when there are more', () => {
    const kinds = Array.from({ length: MAX_KINDS + 3 }, (_, index) => `kind ${index}`);
    const { counts } = tallyOf(...kinds, 'kind 0', 'kind 66');
    expect([MAX_KINDS, counts.size]).toEqual([64, 65]);
    expect(['kind 0', 'kind 63', 'kind 64', '*'].map((kind) => counts.get(kind))).toEqual([2, 1, undefined, 4]);
  });

  it('tells as many apart as it is made for', () => {
    const tally = new Tally(1);
    ['a', 'b', 'a', 'c'].forEach((kind) => {
      tally.add(kind);
    });
    expect([...tally.counts]).toEqual([
      ['a', 2],
      ['*', 2],
    ]);
  });

  it('the difference of two states is what came between', () => {
    const kinds = fc.array(fc.constantFrom('a', 'b', 'c', '__proto__'));
    fc.assert(
      fc.property(kinds, kinds, (first, then) => {
        const tally = tallyOf(...first);
        const before = tally.counts;
        then.forEach((kind) => {
          tally.add(kind);
        });
        const between = [...difference(before, tally.counts)].sort();
        expect(between).toEqual([...tallyOf(...then).counts].sort());
      }),
    );
  });

  it('knows the kind of an event, also if its getter throws', () => {
    const mute = Object.defineProperty(event(1), 'routing', {
      get: () => {
        throw new Error('no');
      },
    });
    const odd = event(1, { kind: 7 as never });
    expect([kindOf(event(1, { kind: 'chat' })), kindOf(mute), kindOf(odd)]).toEqual(['chat', '*', '*']);
  });
});
