import type { EventFilter } from './events/EventFilter.js';

/** What a receiver has done so far, and what waits in it. */
export interface ReceiverStats<E = unknown> {
  readonly id: number;
  readonly name: string | undefined;
  /** Checked, and with canonical ids. */
  readonly filter: EventFilter<E>;
  /** Events that may wait; places that are reserved come on top of it. */
  readonly capacity: number;
  /** Events that wait. */
  readonly waiting: number;
  /** The most that have waited at a time. */
  readonly highWaterMark: number;
  /** Events that its consumer was given. */
  readonly delivered: number;
  /** Events that it lost. */
  readonly lagged: number;
  /** For how many milliseconds the oldest event has waited, on the bus's scheduler, whatever the date; 0 where none does. */
  readonly oldestAgeMs: number;
}

/** What a bus has done so far, and the receivers that have a slot. */
export interface BusStats<E = unknown> {
  /** Events that `publish` has accepted. */
  readonly published: number;
  /** Of those, the ones that went to the receivers with a scroll id. */
  readonly bound: number;
  /** And those that went without one. */
  readonly unbound: number;
  /** Events that wait for the registration of their session; only with `holdUnbound`. */
  readonly held: number;
  /** Of the unbound, those that had waited in vain. */
  readonly released: number;
  /** Bindings that had to go for others. */
  readonly evictedBindings: number;
  /** Events that consumers were given, by all receivers that there ever were. */
  readonly delivered: number;
  /** Events that all of these lost. */
  readonly dropped: number;
  readonly receivers: readonly ReceiverStats<E>[];
}

/** What would become of an event at one receiver. */
export interface Explanation {
  readonly id: number;
  readonly name: string | undefined;
  /** Whether its filter matches. */
  readonly matches: boolean;
  /** Whether it would lose this event. */
  readonly drops: boolean;
  /** For people. */
  readonly why: string;
}
