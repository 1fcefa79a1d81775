import type { ReceiverBaseOptions } from '../../options.js';
import type { BusPosition } from '../../receiver.js';
import type { CatchUp } from '../replay/CatchUp.js';
import type { Stage } from '../dispatch/Stage.js';
import type { Marks } from '../support/Marks.js';
import type { Account, Totals } from './Account.js';
import type { Notices } from './Notices.js';
import type { OverflowPolicy } from './overflow.js';
import type { Pulls } from './Pulls.js';
import type { StallTimer } from './StallTimer.js';

/**
 * What a receiver needs of its bus.
 *
 * @typeParam R The class of the receivers.
 */
export interface Host<E, R> {
  readonly stage: Stage<E>;
  /** The counts of the receivers that have no slot any more. */
  readonly totals: Totals;
  /** The position of the newest event; `undefined` without a history. */
  position(): BusPosition | undefined;
  /** Gives the slot of `receiver` free. When everything that was published until now has been offered, it is finished. */
  release(receiver: R): void;
  /** Keeps `receiver` while its consumer gets what waits. */
  keep(receiver: R): void;
  /** Forgets `receiver`, which is over. */
  drop(receiver: R): void;
  /** It need not be noticed any more that the handle of `receiver` is collected. */
  unwatch(receiver: R): void;
  /** Logs about `receiver` when the present event, or hand-over, is through: a logger may read any count. */
  logOf(receiver: R, level: 'info' | 'warn', what: string): void;
}

/** What a receiver is made with, checked. */
export interface ReceiverSettings<E> extends ReceiverBaseOptions {
  readonly capacity: number;
  readonly policy: OverflowPolicy<E>;
}

/** What most receivers do without. It is made when it is needed, so that an idle receiver takes little. */
export interface Parts<E> {
  name?: string;
  isLagging?: boolean;
  missed?: number;
  pulls?: Pulls<E>;
  catchUp?: CatchUp<E> | undefined;
  /** The flushes that wait until events are consumed. */
  marks?: Marks;
  notices?: Notices;
  stallTimer?: StallTimer;
  ignoreSignal?: (() => void) | undefined;
  /** What it ended with, until that is told. */
  failure?: { readonly error: unknown } | undefined;
  /** Whether its end was told: nobody need be told of a gap before it any more. */
  isEndDelivered?: boolean;
  /** Once it has no slot: what it delivers and loses from then on is added to the totals of the bus. */
  account?: Account;
}
