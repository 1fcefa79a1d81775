import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type InLane, Lanes } from '../../lib/nats/outbox/Lanes.js';
import { RunLength } from '../../lib/nats/outbox/RunLength.js';

class Item implements InLane<Item> {
  next: Item | undefined;
  isSent = false;

  constructor(
    readonly lane: string,
    readonly number: number,
  ) {}
}

describe('Lanes', () => {
  it('offers what may be sent, whatever is sent, put back or settled', () => {
    const step = fc.record({
      what: fc.constantFrom('add', 'add', 'first', 'first', 'follow', 'follow', 'again', 'put back', 'settle', 'cut'),
      lane: fc.constantFrom('a', 'b', 'c'),
      choice: fc.nat(),
    });
    const seen = { first: 0, follower: 0 };
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60 }), fc.integer({ min: 1, max: 4 }), (program, most) => {
        const lanes = new Lanes<Item>();
        /** What is not settled, in order. */
        let items: Item[] = [];
        let last: Item | undefined;
        const heads = (): Item[] =>
          items.filter(({ lane }, index) => items.findIndex((one) => one.lane === lane) === index);
        program.forEach(({ what, lane, choice }, number) => {
          const sent = items.filter(({ isSent }) => isSent);
          const chosen = sent[choice % sent.length];
          const first = lanes.first();
          const [next] = lanes.follower(most) ?? [];
          if (what === 'add') {
            const item = new Item(lane, number);
            items.push(item);
            lanes.add(item);
          } else if (what === 'first' && first !== undefined) {
            lanes.markSent(first);
            last = first;
          } else if (what === 'follow' && next !== undefined) {
            lanes.markSent(next);
            last = next;
          } else if (what === 'cut') {
            lanes.cut();
            last = undefined;
          } else if (chosen !== undefined && what === 'again') {
            lanes.markSent(chosen);
            last = chosen;
          } else if (chosen !== undefined && what === 'put back') {
            lanes.returned(chosen);
          } else if (what === 'settle' && items.length > 0) {
            // Perhaps one that was put back, and was stored all the same.
            const settled = items[choice % items.length] as Item;
            lanes.remove(settled);
            items = items.filter((item) => item !== settled);
          }

          const waitingHeads = heads().filter(({ isSent }) => !isSent);
          if (waitingHeads.length === 0) {
            expect(lanes.first()).toBeUndefined();
          } else {
            seen.first += 1;
            expect(waitingHeads).toContain(lanes.first());
          }
          const ofLane = items.filter((item) => item.lane === last?.lane);
          const after = last?.isSent === true ? ofLane[ofLane.indexOf(last) + 1] : undefined;
          const mayFollow = after?.isSent === false && ofLane.filter(({ isSent }) => isSent).length < most;
          seen.follower += mayFollow ? 1 : 0;
          expect(lanes.follower(most)).toEqual(mayFollow ? [after, last] : undefined);
          items.forEach((item) => {
            expect(lanes.isFirst(item)).toBe(heads().includes(item));
          });
        });
      }),
      { numRuns: 1_000 },
    );
    expect(Math.min(seen.first, seen.follower)).toBeGreaterThan(300);
  });

  it('lets a lane that has more wait for the others, also if one is sent at a time', () => {
    const lanes = new Lanes<Item>();
    const names = ['a', 'b', 'c'];
    names.forEach((lane) => {
      [1, 2, 3].forEach((number) => {
        lanes.add(new Item(lane, number));
      });
    });
    expect(lanes.waiting).toBe(3);
    const turns: string[] = [];
    for (let first = lanes.first(); first !== undefined; first = lanes.first()) {
      turns.push(`${first.lane}${first.number}`);
      lanes.markSent(first);
      lanes.remove(first);
    }
    expect(turns.join(' ')).toBe('a1 b1 c1 a2 b2 c2 a3 b3 c3');
  });

  it('gives lanes their turns in the order in which they came, also after thousands', () => {
    const lanes = new Lanes<Item>();
    const turns: number[] = [];
    for (let number = 0; number < 5_000; number += 1) {
      lanes.add(new Item(`${number}`, number));
    }
    for (let first = lanes.first(); first !== undefined; first = lanes.first()) {
      turns.push(first.number);
      lanes.markSent(first);
      lanes.remove(first);
    }
    expect(turns).toEqual([...Array(5_000).keys()]);
  });
});

describe('RunLength', () => {
  it('halves once for each run that is refused, down to one, and grows again', () => {
    const runs = new RunLength(256);
    const sends = Array.from({ length: 10 }, () => runs.nextSend());
    expect([runs.value, sends[0], sends[9]]).toEqual([64, 1, 10]);
    sends.slice(4).forEach((send) => {
      runs.refused(send);
    });
    expect(runs.value).toBe(32);
    for (let round = 0; round < 10; round += 1) {
      runs.refused(runs.nextSend());
    }
    expect(runs.value).toBe(1);
    const lengths = Array.from({ length: 8 }, () => {
      for (let number = 0; number < 64; number += 1) {
        runs.grow();
      }
      return runs.value;
    });
    expect(lengths).toEqual([2, 4, 8, 16, 32, 64, 128, 192]);
  });

  it('leaves a quarter of the places to other lanes, if there are several', () => {
    for (const [places, most] of [
      [1, 1],
      [2, 2],
      [3, 3],
      [4, 3],
      [100, 75],
    ] as const) {
      const runs = new RunLength(places);
      for (let number = 0; number < 1_000; number += 1) {
        runs.grow();
      }
      expect(runs.value).toBe(most);
    }
  });
});
