import type { ReceiverBaseOptions } from '../../options.js';
import type { BusPosition } from '../../receiver.js';
import type { CatchUp } from '../replay/CatchUp.js';
import type { InOrder } from '../dispatch/order.js';
import type { Stage } from '../dispatch/Stage.js';
import type { Log } from '../support/logging.js';
import type { Marks } from '../support/Marks.js';
import type { Account, Totals } from './Account.js';
import type { Notices } from './Notices.js';
import type { OverflowPolicy } from './overflow.js';
import type { Pulls } from './Pulls.js';
import type { Receiver } from './Receiver.js';
import type { StallTimer } from './StallTimer.js';

/** What a receiver needs of its bus. */
export interface Host<E> {
  readonly stage: Stage<E>;
  readonly inOrder: InOrder;
  readonly log: Log;
  /** The receivers without a slot whose consumer still gets what waits. */
  readonly draining: Set<Receiver<E>>;
  /** Frees the slot of `receiver`, if it has one; then, when all that was published until now was offered, ends it. */
  release(receiver: Receiver<E>): void;
  /** Nobody needs to see any more whether the handle of `receiver` is collected. */
  unwatch(receiver: Receiver<E>): void;
  /** What the receivers without a slot have got and lost. */
  readonly totals: Totals;
  /** The place of what was published last; `undefined`: there is no history. */
  position(): BusPosition | undefined;
}

/** What a receiver is made with, checked. */
export interface ReceiverSettings<E> extends ReceiverBaseOptions {
  readonly capacity: number;
  readonly policy: OverflowPolicy<E>;
}

/** What most receivers do without. It is made when it is needed, so that an idle receiver takes little. */
export interface Parts<E> {
  readonly name?: string | undefined;
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
  isEndTold?: boolean;
  /** Once it has no slot: what it delivers and loses from then on is added to the totals of the bus. */
  account?: Account;
}
