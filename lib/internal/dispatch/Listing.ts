import { countKinds, difference, MAX_KINDS, Tally } from '../support/Tally.js';
import type { Burst, Destination, Parking, Target } from './Target.js';

/**
 * The targets that are found by the same key.
 *
 * A destination that is full is *parked*: it is not touched by what it would refuse, which is counted here, once for all that
 * are parked.
 *
 * Invariants: a target is either open, and then at its `place`, or parked. `refused` grows with each event that comes while one is
 * parked; a parked destination was refused as many as it has grown by since `parkedAt`.
 */
export class Listing<E> implements Target<E>, Parking<E> {
  place = 0;
  readonly #open: Target<E>[] = [];
  #parked = 0;
  #refused = 0;
  /** Of which kinds they were, while a parked destination wants to know. Has room for a gap's kinds whenever one is parked. */
  #tally: Tally | undefined;
  /** What the tally was when they were parked, of the destinations that want to know. */
  readonly #tallied = new Map<Destination<E>, ReadonlyMap<string, number>>();

  get size(): number {
    return this.#open.length + this.#parked;
  }

  add(target: Target<E>): void {
    target.place = this.#open.length;
    this.#open.push(target);
  }

  /** Takes `target` off; a destination is not parked any more. */
  remove(target: Target<E>): void {
    const last = this.#open.pop() as Target<E>;
    if (last !== target) {
      this.#open[target.place] = last;
      last.place = target.place;
    }
  }

  /** What `destination` was refused since it is parked here. */
  refusedSince(parkedAt: number): number {
    return this.#refused - parkedAt;
  }

  /** Lets `destination`, which is parked here, be offered events again. */
  unpark(destination: Destination<E>): void {
    const before = this.#tallied.get(destination);
    const byKind = before && difference(before, (this.#tally as Tally).counts);
    destination.countRefused(this.refusedSince(destination.parkedAt), byKind);
    if (this.#tallied.delete(destination) && this.#tallied.size === 0) {
      this.#tally = undefined;
    }
    destination.parkedIn = undefined;
    this.#parked -= 1;
    this.add(destination);
  }

  offerRun(burst: Burst<E>, from: number, to: number): undefined {
    if (this.#parked > 0) {
      this.#refused += to - from;
      const tally = this.#tally;
      if (tally !== undefined) {
        countKinds(burst.events, from, to, (kind, count) => {
          tally.add(kind, count);
        });
      }
    }
    const open = this.#open;
    let full: Destination<E>[] | undefined;
    // None leaves meanwhile. A destination that is unparked meanwhile comes behind these, and was counted above.
    const count = open.length;
    for (let place = 0; place < count; place += 1) {
      const target = open[place] as Target<E>;
      const refusing = target.offerRun(burst, from, to);
      if (refusing !== undefined) {
        (full ??= []).push(refusing);
      }
    }
    for (const destination of full ?? []) {
      this.#park(destination);
    }
  }

  #park(destination: Destination<E>): void {
    // It may have had its turn since, where the scheduler makes no hop.
    if (!destination.mayPark) {
      return;
    }
    this.remove(destination);
    destination.parkedIn = this;
    destination.parkedAt = this.#refused;
    this.#parked += 1;
    if (destination.recordsGaps) {
      this.#tallied.set(destination, this.#tallyWithRoom().counts);
    }
  }

  /** The tally, begun anew where there is little room left for the kinds of one that is parked now. */
  #tallyWithRoom(): Tally {
    const tally = this.#tally;
    if (tally !== undefined && tally.counts.size <= MAX_KINDS) {
      return tally;
    }
    const begun = new Tally(2 * MAX_KINDS);
    for (const [destination, before] of this.#tallied) {
      destination.countRefused(0, difference(before, (tally as Tally).counts));
      this.#tallied.set(destination, begun.counts);
    }
    this.#tally = begun;
    return begun;
  }
}
