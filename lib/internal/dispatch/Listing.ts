import { countKinds, difference, MAX_KINDS, Tally } from '../support/Tally.js';
import type { Burst, Destination, Parking, Target } from './Target.js';

/**
 * The targets that are found by the same key.
 *
 * A full destination is *parked*: it is no longer offered events. The events that parked destinations would refuse are counted here,
 * once for all of them.
 *
 * Invariants: a target is either open or parked. An open target is at the index `place` of `open`. `refused` grows by one for each event
 * that arrives while a destination is parked. So a parked destination has refused `refused - parkedAt` events.
 */
export class Listing<E> implements Target<E>, Parking<E> {
  place = 0;
  private readonly open: Target<E>[] = [];
  private parked = 0;
  private refused = 0;
  /** The refused events by kind, while a parked destination records gaps. At each parking, it has room for the kinds of one gap. */
  private tally: Tally | undefined;
  /** The counts of the tally at the time of parking, for each parked destination that records gaps. */
  private readonly tallied = new Map<Destination<E>, ReadonlyMap<string, number>>();

  get size(): number {
    return this.open.length + this.parked;
  }

  add(target: Target<E>): void {
    target.place = this.open.length;
    this.open.push(target);
  }

  /** Removes `target`, which is not parked. */
  remove(target: Target<E>): void {
    const last = this.open.pop() as Target<E>;
    if (last !== target) {
      this.open[target.place] = last;
      last.place = target.place;
    }
  }

  /** The number of events that a destination has refused since it was parked with the count `parkedAt`. */
  refusedSince(parkedAt: number): number {
    return this.refused - parkedAt;
  }

  /** Ends the parking of `destination`, which is parked here: it is offered events again. */
  unpark(destination: Destination<E>): void {
    const before = this.tallied.get(destination);
    const byKind = before && difference(before, (this.tally as Tally).counts);
    destination.countRefused(this.refusedSince(destination.parkedAt), byKind);
    if (this.tallied.delete(destination) && this.tallied.size === 0) {
      this.tally = undefined;
    }
    destination.parkedIn = undefined;
    this.parked -= 1;
    this.add(destination);
  }

  offerRun(burst: Burst<E>, from: number, to: number): undefined {
    if (this.parked > 0) {
      this.refused += to - from;
      const tally = this.tally;
      if (tally !== undefined) {
        countKinds(burst.events, from, to, (kind, count) => {
          tally.add(kind, count);
        });
      }
    }
    const open = this.open;
    let full: Destination<E>[] | undefined;
    // No target is removed during the loop. A destination that is unparked during it is added at the end; its events were counted above.
    const count = open.length;
    for (let place = 0; place < count; place += 1) {
      const target = open[place] as Target<E>;
      const refusing = target.offerRun(burst, from, to);
      if (refusing !== undefined) {
        (full ??= []).push(refusing);
      }
    }
    for (const destination of full ?? []) {
      this.park(destination);
    }
  }

  private park(destination: Destination<E>): void {
    // If the scheduler runs actions at once, the destination may have had its turn since.
    if (!destination.mayPark) {
      return;
    }
    this.remove(destination);
    destination.parkedIn = this;
    destination.parkedAt = this.refused;
    this.parked += 1;
    if (destination.recordsGaps) {
      this.tallied.set(destination, this.tallyWithRoom().counts);
    }
  }

  /** The tally. A new one replaces it if it has too little room for the kinds of another gap. */
  private tallyWithRoom(): Tally {
    const tally = this.tally;
    if (tally !== undefined && tally.counts.size <= MAX_KINDS) {
      return tally;
    }
    const begun = new Tally(2 * MAX_KINDS);
    for (const [destination, before] of this.tallied) {
      destination.countRefused(0, difference(before, (tally as Tally).counts));
      this.tallied.set(destination, begun.counts);
    }
    this.tally = begun;
    return begun;
  }
}
