import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Room } from '../../../lib/internal/dispatch/Room.js';

interface Counted {
  readonly capacity: number;
  waiting: number;
}

function joined(room: Room, capacity: number): Counted {
  const holder = { capacity, waiting: 0 };
  room.join(holder);
  return holder;
}

/** `holder` takes an event. */
function take(room: Room, holder: Counted): void {
  holder.waiting += 1;
  room.shrink(holder);
}

describe('Room', () => {
  it('law 20: is never more than the free places of one that counts, and is exact when it was looked at again', () => {
    const command = fc.oneof(
      { weight: 2, arbitrary: fc.constantFrom(1, 2, 3, 7, 2_000).map((join) => ({ join })) },
      { weight: 5, arbitrary: fc.nat().map((taker) => ({ taker })) },
      { weight: 2, arbitrary: fc.nat().map((drained) => ({ drained })) },
      { weight: 1, arbitrary: fc.nat().map((leaver) => ({ leaver })) },
      { weight: 2, arbitrary: fc.nat(12).map((routed) => ({ routed })) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const room = new Room();
        const holders: Counted[] = [];
        const least = (): number => Math.min(1_024, ...holders.map(({ capacity, waiting }) => capacity - waiting));
        const at = (index: number): Counted | undefined => holders[index % (holders.length || 1)];
        for (const one of commands) {
          if ('join' in one) {
            holders.push(joined(room, one.join));
          } else if ('taker' in one) {
            const taker = at(one.taker);
            if (taker !== undefined && taker.waiting < taker.capacity) {
              take(room, taker);
            }
          } else if ('drained' in one) {
            Object.assign(at(one.drained) ?? {}, { waiting: 0 });
          } else if ('leaver' in one) {
            holders.splice(one.leaver % (holders.length || 1), 1).forEach((leaver) => {
              room.leave(leaver);
            });
          } else {
            room.routed += one.routed;
            room.recount();
          }
          expect(room.least).toBeLessThanOrEqual(least());
          expect(room.least).toBeGreaterThanOrEqual(0);
        }
        room.routed += 1_000;
        room.recount();
        expect(room.least).toBe(least());
      }),
      { numRuns: 300 },
    );
  });

  it('is 1,024 where nobody needs less, so that a publisher that never yields does not fill the memory', () => {
    const room = new Room();
    expect(room.least).toBe(1_024);
    joined(room, 5_000);
    expect(room.least).toBe(1_024);
  });

  it('looks again only when so many events were routed as there is to look at, and starts to count anew', () => {
    const room = new Room();
    const holders = [4, 5, 6].map((capacity) => joined(room, capacity));
    const takeAndDrain = (): void => {
      holders.forEach((holder) => {
        take(room, holder);
        holder.waiting = 0;
      });
    };
    takeAndDrain();
    const leastAfter = (routed: number): number => {
      room.routed += routed;
      room.recount();
      return room.least;
    };
    // Three capacities, and three that hold something.
    expect([leastAfter(5), leastAfter(1)]).toEqual([3, 4]);
    takeAndDrain();
    expect([leastAfter(2), leastAfter(3), leastAfter(1)]).toEqual([3, 3, 4]);
  });

  it('does not look at those of one capacity one by one, nor at those that were seen to hold nothing', () => {
    const room = new Room();
    let looks = 0;
    const holders = Array.from({ length: 100 }, () => {
      const holder = {
        capacity: 2,
        get waiting() {
          looks += 1;
          return 0;
        },
      };
      room.join(holder);
      return holder;
    });
    holders.slice(0, 10).forEach((holder) => {
      room.shrink(holder);
    });
    room.routed += 11;
    room.recount();
    looks = 0;
    room.routed += 11;
    room.recount();
    expect([looks, room.least]).toEqual([0, 2]);
  });
});
