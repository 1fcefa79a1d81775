import type { BusEvent } from './protocol/BusEvent.js';
import type { Event } from './protocol/Event.js';

/** An event, in its place among what a receiver got and lost. */
export interface EventDelivery<E = Event> {
  readonly type: 'event';
  readonly event: BusEvent<E>;
}

/** Events that a receiver lost, told in the place where they are missing. */
export interface Gap {
  readonly type: 'gap';
  /** How many: over the life of a receiver, the gaps add up to its `lagged` and `missed`. */
  readonly missed: number;
  /** How many of each kind. Under `*`, those of kinds beyond the 64th of a gap, and those that nobody knows the kind of. */
  readonly byKind: Readonly<Record<string, number>>;
  /**
   * Set where nobody knows how many of them the filter would have let through: then it is at most `missed`, which is `Infinity` where
   * not even that is known.
   */
  readonly atMost?: true;
}

/** What a receiver got, or that something is missing here. */
export type Delivery<E = Event> = EventDelivery<E> | Gap;
