import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Listing } from '../../lib/internal/Listing.js';
import type { Target } from '../../lib/internal/Target.js';
import { event } from '../support/events.js';
import { Recorder } from '../support/Recorder.js';

/** Offers as many events as there are payloads, in one run. */
function offer(listing: Listing<number>, ...payloads: number[]): void {
  // The run is a part of its burst: what lies beside it is for others.
  const events = [-1, ...payloads, -1].map((payload) => event(payload));
  listing.offerRun({ events, first: 0, lent: false }, 1, 1 + payloads.length);
}

function listingOf(...targets: Target<number>[]): Listing<number> {
  const listing = new Listing<number>();
  targets.forEach((target) => {
    listing.add(target);
  });
  return listing;
}

/** A target that does something in the midst of each run. */
function interrupting(work: () => void): Target<number> {
  return {
    place: 0,
    offerRun: () => {
      work();
      return undefined;
    },
  };
}

describe('Listing', () => {
  it('law 22: one that is full is parked: not offered what it would refuse, and counted for', () => {
    const [full, roomy] = [new Recorder(1), new Recorder()];
    const listing = listingOf(full, roomy);
    offer(listing, 1, 2);
    offer(listing, 3);
    offer(listing, 4, 5, 6);
    expect([full.calls, full.offered, full.refused, full.lagged]).toEqual([1, [1], 1, 5]);
    expect([roomy.offered, full.parkedIn === listing, listing.size]).toEqual([[1, 2, 3, 4, 5, 6], true, 2]);
  });

  it('law 22: one that is unparked is told its count, once, and offered what comes then', () => {
    const full = new Recorder(1);
    const listing = listingOf(full, new Recorder());
    offer(listing, 1, 2);
    offer(listing, 3, 4);
    full.offered.length = 0;
    listing.unpark(full);
    expect([full.parkedIn, full.refused, full.lagged]).toEqual([undefined, 3, 3]);
    offer(listing, 5, 6);
    expect([full.offered, full.lagged]).toEqual([[5], 4]);
  });

  it('one that is full no more when the run is over is not parked', () => {
    const full = new Recorder(1);
    const listing = listingOf(
      full,
      interrupting(() => {
        full.offered.length = 0;
      }),
    );
    offer(listing, 1, 2);
    expect([full.parkedIn, full.lagged]).toEqual([undefined, 1]);
    offer(listing, 3);
    expect([full.calls, full.lagged]).toEqual([2, 1]);
  });

  it('law 22: one that is unparked in the midst of a run is not offered that run, which it was counted for', () => {
    const full = new Recorder(1);
    let takesItsTurn = false;
    const listing = listingOf(
      full,
      interrupting(() => {
        if (takesItsTurn) {
          full.offered.length = 0;
          listing.unpark(full);
          takesItsTurn = false;
        }
      }),
    );
    offer(listing, 1, 2);
    takesItsTurn = true;
    offer(listing, 3, 4);
    expect([full.calls, full.offered, full.lagged]).toEqual([1, [], 3]);
    offer(listing, 5);
    expect([full.calls, full.offered, full.lagged]).toEqual([2, [5], 3]);
  });

  it('law 25: agrees with destinations that are each offered everything, as they fill, drain, come and go', () => {
    const command = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 1, max: 4 }).map((run) => ({ run })) },
      { weight: 2, arbitrary: fc.record({ come: fc.integer({ min: 1, max: 6 }), parks: fc.boolean() }) },
      { weight: 2, arbitrary: fc.nat().map((drained) => ({ drained })) },
      { weight: 1, arbitrary: fc.nat().map((gone) => ({ gone })) },
    );
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60, size: 'max' }), (commands) => {
        const listing = new Listing<number>();
        const pairs: { readonly listed: Recorder; readonly model: Recorder }[] = [];
        let next = 0;
        for (const one of commands) {
          if ('run' in one) {
            const payloads = Array.from({ length: one.run }, () => (next += 1));
            offer(listing, ...payloads);
            for (const { model } of pairs) {
              model.offerRun({ events: payloads.map((payload) => event(payload)), first: 0, lent: false }, 0, one.run);
            }
          } else if ('come' in one) {
            const pair = { listed: new Recorder(one.come), model: new Recorder(one.come) };
            pair.listed.parks = one.parks;
            listing.add(pair.listed);
            pairs.push(pair);
          } else {
            const index = ('drained' in one ? one.drained : one.gone) % (pairs.length || 1);
            for (const { listed, model } of 'gone' in one ? pairs.splice(index, 1) : pairs.slice(index, index + 1)) {
              listed.parkedIn?.unpark(listed);
              listed.offered.length = 0;
              model.offered.length = 0;
              if ('gone' in one) {
                listing.remove(listed);
              }
            }
          }
          expect(pairs.map(({ listed }) => [listed.offered, listed.lagged])).toEqual(
            pairs.map(({ model }) => [model.offered, model.lagged]),
          );
          expect(listing.size).toBe(pairs.length);
        }
      }),
      { numRuns: 300 },
    );
  });
});
