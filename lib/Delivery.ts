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
  /** How many: over the life of a receiver, the gaps add up to its `lagged`. */
  readonly missed: number;
  /** How many of each kind. Beyond 64 kinds in one gap, the others are counted under `*`. */
  readonly byKind: Readonly<Record<string, number>>;
}

/** What a receiver got, or that something is missing here. */
export type Delivery<E = Event> = EventDelivery<E> | Gap;
