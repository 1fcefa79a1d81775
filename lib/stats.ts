import type { EventFilter } from './events/EventFilter.js';

/** Counts of one receiver so far, and the state of its queue. */
export interface ReceiverStats<E = unknown> {
  /** The receiver's id. */
  readonly id: number;
  /** The `name` from the receiver's options. */
  readonly name: string | undefined;
  /** The receiver's filter, validated and with canonical ids. */
  readonly filter: EventFilter<E>;
  /** The most events that may wait. The places of the option `reserve` are additional. */
  readonly capacity: number;
  /** Number of events that wait in its queue now. Events that it has still to read from the history are not counted. */
  readonly waiting: number;
  /** The most events that have waited at one time. */
  readonly highWaterMark: number;
  /** Number of events that were delivered to its consumer. */
  readonly delivered: number;
  /** Number of events that it has lost. */
  readonly lagged: number;
  /**
   * How long the oldest event has waited, in milliseconds on the bus's scheduler. 0 if no event waits. Setting the date does not change it.
   */
  readonly oldestAgeMs: number;
}

/** Counts of one bus so far, and of each receiver that still takes events. */
export interface BusStats<E = unknown> {
  /** Number of events that `publish` has accepted: `bound + unbound + held`. */
  readonly published: number;
  /** Number of events that had a scroll id when they were dispatched to the receivers. */
  readonly bound: number;
  /** Number of events that had no scroll id when they were dispatched to the receivers. */
  readonly unbound: number;
  /** Number of events that wait now for the registration of their session. Always 0 without the option `holdUnbound`. */
  readonly held: number;
  /**
   * Number of unbound events that were held first, and then dispatched without a scroll id: a limit of `holdUnbound` was reached, or the
   * bus was closed.
   */
  readonly released: number;
  /** Number of bindings that were removed because there were more than `maxBindings`. */
  readonly evictedBindings: number;
  /** Number of events that were delivered by all receivers, including those that have ended. */
  readonly delivered: number;
  /** Number of events that were lost by all receivers, including those that have ended. */
  readonly dropped: number;
  /** The receivers that still take events. */
  readonly receivers: readonly ReceiverStats<E>[];
}

/** What one receiver has lost that `BusStats.receivers` does not show, since the receiver has left the bus. */
export interface DepartedLoss {
  /** The receiver's id. */
  readonly id: number;
  /** The `name` from the receiver's options. */
  readonly name: string | undefined;
  /**
   * Number of lost events. If the receiver was open when `keepLosses` was called, its losses from before that call are included, and its
   * entries add up to its `lagged`.
   */
  readonly lagged: number;
}

/** What {@link SharingBus.keepLosses} returns. */
export interface KeptLosses {
  /**
   * Takes the losses that were kept since the previous call: one entry for each receiver that has left with a loss. A closed receiver
   * that still reads from a history may lose more later; then it has an entry again.
   */
  take(): readonly DepartedLoss[];
  /** Keeps nothing from now on. Calling it again has no effect. */
  stop(): void;
}

/** What would happen to an event at one receiver if it were published now. */
export interface Explanation {
  /** The receiver's id. */
  readonly id: number;
  /** The `name` from the receiver's options. */
  readonly name: string | undefined;
  /** Whether the receiver's filter matches the event. */
  readonly matches: boolean;
  /** Whether the receiver would lose the event. */
  readonly drops: boolean;
  /** The reason, as a sentence for people. */
  readonly why: string;
}
