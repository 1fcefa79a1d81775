import type { ReceiverBaseOptions } from '../../options.js';
import type { BusPosition } from '../../receiver.js';
import type { Reading } from '../replay/Reading.js';
import type { Stage } from '../dispatch/Stage.js';
import type { Marks } from '../support/Marks.js';
import type { Account, Totals } from './Account.js';
import type { Notices } from './Notices.js';
import type { OverflowPolicy } from './overflow.js';
import type { Pulls } from './Pulls.js';
import type { StallTimer } from './StallTimer.js';

/**
 * What a receiver needs from its bus.
 *
 * @typeParam R The class of the receivers.
 */
export interface Host<E, R> {
  readonly stage: Stage<E>;
  /** The counts of the receivers that no longer have a slot. */
  readonly totals: Totals;
  /** The position of the newest event; `undefined` without a history. */
  position(): BusPosition | undefined;
  /** Frees the slot of `receiver`, and finishes it once all events published until now have been offered. */
  release(receiver: R): void;
  /** Keeps a reference to `receiver` while its consumer gets the waiting events. */
  keep(receiver: R): void;
  /** Removes the reference to `receiver`, which is over. */
  drop(receiver: R): void;
  /** Stops watching whether the handle of `receiver` is garbage-collected. */
  unwatch(receiver: R): void;
  /** Logs about `receiver` after the present job, since a logger may read any count. */
  logOf(receiver: R, level: 'info' | 'warn', what: string): void;
}

/** The checked options of a receiver. */
export interface ReceiverSettings<E> extends ReceiverBaseOptions {
  readonly capacity: number;
  readonly policy: OverflowPolicy<E>;
}

/** What most receivers do not need. It is created on demand, so that an idle receiver takes little memory. */
export interface Parts<E> {
  name?: string;
  isLagging?: boolean;
  missed?: number;
  pulls?: Pulls<E>;
  catchUp?: Reading | undefined;
  /** Places of epochs that the upstream has left: the events before the number `end` have them. */
  epochs?: { readonly epoch: string; readonly end: number }[];
  /** The flushes that wait until its events are consumed. */
  marks?: Marks;
  notices?: Notices;
  stallTimer?: StallTimer;
  ignoreSignal?: (() => void) | undefined;
  /** The error that it ended with, until a consumer gets the error. */
  failure?: { readonly error: unknown } | undefined;
  /** Whether a consumer got its ending. A gap before the ending is then no longer needed. */
  isEndDelivered?: boolean;
  /** Whether its consumer has left and so ended it, and no later consumer has been told. */
  wasLeft?: boolean;
  /** Set when it no longer has a slot: its counts are then part of the totals of the bus. */
  account?: Account;
}
