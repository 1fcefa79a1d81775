import type { SharingBus } from '../library.js';
import type { Account } from './Account.js';
import type { Below, Payload, View } from './traffic.js';

/** What a participant is made with. */
export interface Surroundings {
  readonly bus: SharingBus<Payload>;
  readonly account: Account;
  readonly below: Below;
  /** Call it right before leaving at once: it records what the receiver discards and has lost. */
  readonly beforeLeaving: () => void;
}

/** A receiver with its consumer, as the soak sees it. */
export interface Participant {
  readonly wants: View['wants'];
  /** Makes it leave. If it leaves at once, it calls `beforeLeaving`. */
  readonly leave: () => void;
  /** Settles when its consumer has ended. Absent: it is abandoned, without a consumer. */
  readonly consumed?: Promise<unknown>;
  /** The final count of lost events. Absent: there is no handle to ask. */
  readonly lagged?: () => number;
  /** Whether it takes no events, so that it does not end when the bus is closed. */
  readonly neverEnds?: boolean;
  /** Called when the bus has ended its receiver. Absent: the bus must not. */
  readonly ended?: () => void;
}

/** Makes a participant. */
export type Join = (surroundings: Surroundings) => Participant;
