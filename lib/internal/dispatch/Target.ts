import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import type { Listing } from './Listing.js';
import type { Router } from './Router.js';

/** Events that are routed together, in the order of their publishing. */
export interface Burst<E> {
  /** Does not change any more once it is offered. */
  readonly events: readonly BusEvent<E>[];
  /** The number of the first one; a router counts its events from 0. */
  readonly first: number;
  /** Whether destinations that take of it have their turn at once: what they take may then wait where it is. */
  readonly lent: boolean;
  /** The time of its first event on the bus's scheduler, in milliseconds. */
  readonly since: number;
}

/** What is found by a key, and takes events a run at a time: one destination, a way to it, or several of these. */
export interface Target<E> {
  /** Its place in its {@link Listing}, which keeps it; of no meaning elsewhere. */
  place: number;
  /**
   * Offers the events of `burst` from the place `from` to before the place `to`. Never throws.
   *
   * @returns The target itself, where it is a destination that refused some of them.
   */
  offerRun(burst: Burst<E>, from: number, to: number): Destination<E> | undefined;
}

/** Where the router sends events. */
export interface Destination<E> extends Target<E> {
  /** The router that it is listed with; kept by that one, as is `filter`. */
  router: Router<E> | undefined;
  /** Which events it wants. */
  filter: EventFilter<E> | undefined;
  /** The listing where it is parked; kept by that one, as is `parkedAt`. */
  parkedIn: Listing<E> | undefined;
  /** What the listing had refused when it was parked there. */
  parkedAt: number;
  /** Whether it is full, and need not be offered anything until it says so. */
  readonly mayPark: boolean;
  /** Whether it wants to know of which kinds the events were that it was refused. Does not change while it is parked. */
  readonly recordsGaps: boolean;
  /** Counts what it was refused while it was parked; `byKind` where it records gaps. */
  countRefused(count: number, byKind: ReadonlyMap<string, number> | undefined): void;
  /** Its filter threw `error`: it gets nothing more. */
  fail(error: unknown): void;
}
