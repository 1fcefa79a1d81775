import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';

/** Events that are offered together, in the order of publishing. */
export interface Burst<E> {
  /** Does not change after it was offered. */
  readonly events: readonly BusEvent<E>[];
  /** The number of the first event. Each router numbers its events from 0. */
  readonly first: number;
  /** Whether destinations that accept its events have their turn in the same action. Then the events may wait in this array. */
  readonly lent: boolean;
  /** The time at which the first event was published, in milliseconds on the bus's scheduler. `undefined` until it is needed. */
  since: number | undefined;
}

/** Successive events of a batch that are for one target: from the index `from` to before the index `to`. */
export interface Run<E> {
  readonly target: Target<E>;
  readonly from: number;
  to: number;
}

/**
 * A burst to which events are added, and the targets that its events are for.
 *
 * Both are in one object. So a run is never applied to the events of another batch, even if offering breaks off.
 */
export interface Batch<E> extends Burst<E> {
  readonly events: BusEvent<E>[];
  /** In the order of their first events. */
  readonly runs: Run<E>[];
  lent: boolean;
}

/** What a key is mapped to: a destination, a route to one, or a listing of several targets. It is offered one run at a time. */
export interface Target<E> {
  /** Its index in its listing, which writes it. Without meaning outside of a listing. */
  place: number;
  /**
   * Offers the events of `burst` from the index `from` to before the index `to`. Never throws.
   *
   * @returns The target itself if it is a destination and has refused an event.
   */
  offerRun(burst: Burst<E>, from: number, to: number): Destination<E> | undefined;
}

/** Lists destinations. */
export interface Lister<E> {
  remove(destination: Destination<E>): void;
}

/** Holds full destinations, to which it offers nothing. */
export interface Parking<E> {
  /** The number of events that a destination has refused since it was parked with the count `parkedAt`. */
  refusedSince(parkedAt: number): number;
  unpark(destination: Destination<E>): void;
}

/** Accepts or refuses the events that a router offers. */
export interface Destination<E> extends Target<E> {
  /** The router that lists it. The router writes this and `filter`. */
  router: Lister<E> | undefined;
  /** The events that it is listed for. */
  filter: EventFilter<E> | undefined;
  /** The listing in which it is parked. The listing writes this and `parkedAt`. */
  parkedIn: Parking<E> | undefined;
  /** The listing's count of refused events at the time of parking. */
  parkedAt: number;
  /** Whether it may be parked: it would refuse every event until it is unparked. */
  readonly mayPark: boolean;
  /** Whether it records the kinds of the events that it refuses. Does not change while it is parked. */
  readonly recordsGaps: boolean;
  /** Adds the events that it refused while it was parked. `byKind` is given if it records gaps. */
  countRefused(count: number, byKind: ReadonlyMap<string, number> | undefined): void;
  /** Called when its filter has thrown `error`. It gets no more events. */
  fail(error: unknown): void;
}
