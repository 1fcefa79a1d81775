import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';

/** Events that are routed together, in the order of their publishing. */
export interface Burst<E> {
  /** Does not change any more once it is offered. */
  readonly events: readonly BusEvent<E>[];
  /** The number of the first event. A router counts its events from 0. */
  readonly first: number;
  /** Whether destinations that take events of it have their turn at once. Then the events may wait where they are. */
  readonly lent: boolean;
  /** When its first event was published, in milliseconds on the bus's scheduler; `undefined` until somebody needs to know. */
  since: number | undefined;
}

/** Successive events of a batch that were found to be for one target. */
export interface Run<E> {
  readonly target: Target<E>;
  readonly from: number;
  to: number;
}

/**
 * A burst in the making, and the targets that its events were found to be for.
 *
 * Both are in one object. So whatever becomes of a hand-over, no run is ever applied to the events of another batch.
 */
export interface Batch<E> extends Burst<E> {
  readonly events: BusEvent<E>[];
  /** In the order of their first events. */
  readonly runs: Run<E>[];
  lent: boolean;
}

/** What is found by a key, and takes events a run at a time: one destination, a way to it, or several of these. */
export interface Target<E> {
  /** Its place in its listing, which writes it; of no meaning elsewhere. */
  place: number;
  /**
   * Offers the events of `burst` from the place `from` to before the place `to`. Never throws.
   *
   * @returns The target itself if it is a destination and refused some of the events.
   */
  offerRun(burst: Burst<E>, from: number, to: number): Destination<E> | undefined;
}

/** Where a destination is listed. */
export interface Lister<E> {
  remove(destination: Destination<E>): void;
}

/** Where a full destination is parked. */
export interface Parking<E> {
  /** How many events it was refused since the parking had refused `parkedAt`. */
  refusedSince(parkedAt: number): number;
  unpark(destination: Destination<E>): void;
}

/** Where the router sends events. */
export interface Destination<E> extends Target<E> {
  /** The router that lists it, which writes this and `filter`. */
  router: Lister<E> | undefined;
  /** Which events it wants. */
  filter: EventFilter<E> | undefined;
  /** The listing where it is parked, which writes this and `parkedAt`. */
  parkedIn: Parking<E> | undefined;
  /** How many events the listing had refused when it was parked there. */
  parkedAt: number;
  /** Whether it is full, and need not be offered anything until it says so. */
  readonly mayPark: boolean;
  /** Whether it records the kinds of the events that it is refused. Does not change while it is parked. */
  readonly recordsGaps: boolean;
  /** Counts the events that it was refused while it was parked; `byKind` if it records gaps. */
  countRefused(count: number, byKind: ReadonlyMap<string, number> | undefined): void;
  /** Its filter threw `error`: it gets nothing more. */
  fail(error: unknown): void;
}
