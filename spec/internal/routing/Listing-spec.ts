import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Listing } from '../../../lib/internal/dispatch/Listing.js';
import type { Target } from '../../../lib/internal/dispatch/Target.js';
import { event } from '../../support/events.js';
import { Recorder } from '../../support/Recorder.js';

/** Offers as many events as there are payloads, in one run. */
function offer(listing: Listing<number>, ...payloads: number[]): void {
  // The run is a part of its burst: what lies beside it is for others.
  const events = [-1, ...payloads, -1].map((payload) => event(payload));
  listing.offerRun({ events, first: 0, lent: false, since: 0 }, 1, 1 + payloads.length);
}

/** Offers an event of each of these kinds, in one run. */
function offerKinds(listing: Listing<number>, ...kinds: string[]): void {
  const events = ['before', ...kinds, 'behind'].map((kind) => event(1, { kind }));
  listing.offerRun({ events, first: 0, lent: false, since: 0 }, 1, 1 + kinds.length);
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

  it('tells one who records gaps of which kinds it was refused some, and nobody else', () => {
    const [first, second, silent] = [new Recorder(1), new Recorder(3), new Recorder(1)];
    first.recordsGaps = true;
    second.recordsGaps = true;
    const listing = listingOf(first, second, silent);
    // They fill one after the other, so what each was refused differs.
    offerKinds(listing, 'a', 'a', 'b');
    offerKinds(listing, 'b', 'c');
    offerKinds(listing, 'c', 'c');
    listing.unpark(first);
    offerKinds(listing, 'd');
    listing.unpark(second);
    listing.unpark(silent);
    expect(first.missing).toEqual([
      ['b', 1],
      ['c', 3],
    ]);
    expect(second.missing).toEqual([
      ['c', 2],
      ['d', 1],
    ]);
    expect([silent.missing, silent.refused]).toEqual([[], 7]);
  });

  it('one who is parked late has 64 kinds of its own, and nobody loses count', () => {
    const [earliest, early, late] = [new Recorder(1), new Recorder(4), new Recorder(202)];
    const all = [earliest, early, late];
    all.forEach((one) => {
      one.recordsGaps = true;
    });
    const listing = listingOf(...all);
    const kinds = (count: number, prefix: string): string[] =>
      Array.from({ length: count }, (_, index) => `${prefix} ${index}`);
    offerKinds(listing, 'same', 'same', 'same');
    offerKinds(listing, 'same', 'same');
    offerKinds(listing, ...kinds(199, 'old'));
    offerKinds(listing, 'same', ...kinds(63, 'new'));
    listing.unpark(late);
    expect(late.missing).toEqual(['same', ...kinds(63, 'new')].map((kind) => [kind, 1]));
    listing.unpark(early);
    listing.unpark(earliest);
    const told = [early, earliest].map(({ missing }) => missing.reduce((sum, [, count]) => sum + count, 0));
    expect(told).toEqual([199 + 64, 2 + 199 + 64]);
  });

  it('reads no kinds any more when nobody who is parked wants to know them', () => {
    const [told, silent] = [new Recorder(1), new Recorder(1)];
    told.recordsGaps = true;
    const listing = listingOf(told, silent);
    offerKinds(listing, 'a', 'b');
    listing.unpark(told);
    told.recordsGaps = false;
    offerKinds(listing, 'c');
    let reads = 0;
    const watched = Object.defineProperty(event(1), 'routing', {
      get: () => {
        reads += 1;
        return { kind: 'd' };
      },
    });
    listing.offerRun({ events: [watched], first: 0, lent: false, since: 0 }, 0, 1);
    listing.unpark(told);
    expect([reads, told.missing, told.refused]).toEqual([0, [], 3]);
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
              model.offerRun(
                { events: payloads.map((payload) => event(payload)), first: 0, lent: false, since: 0 },
                0,
                one.run,
              );
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
