import type { InOrder } from '../dispatch/order.js';
import type { Wait } from '../support/Marks.js';

/** Reads kept events for a receiver that is not live yet. All methods but `readInOrder` run in jobs of the bus's order. */
export interface Reading {
  /** Everything up to this number was read. */
  readonly readUpTo: number;
  /** Passes events to the receiver as long as it has room. If nothing is left to read, the receiver goes live. */
  read(): void;
  /** The same, in a job of its own. */
  readInOrder(inOrder: InOrder): void;
  /** Waits until everything published so far was read, and then for the wait that `then` returns. */
  reached(then: () => Wait | undefined): Wait;
  /** Ends all waits. */
  release(): void;
  /** Discards missing events that were not reported yet. */
  forgetMissing(): void;
  /** Ignores events that are published from now on. Earlier ones are still read. */
  close(): void;
  /** Stops reading. Returns false if it was stopped before. */
  stop(): boolean;
}
