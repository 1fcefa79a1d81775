import type { Observer } from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import { SlowConsumerError } from '../../receiver.js';
import type { TurnTaker } from '../dispatch/order.js';
import type { Staged } from '../dispatch/Stage.js';
import type { Burst, Lister, Parking } from '../dispatch/Target.js';
import type { CatchUpOwner } from '../replay/CatchUp.js';
import { report } from '../support/report.js';
import { countKinds } from '../support/Tally.js';
import { Account } from './Account.js';
import { DeliveryConsumer } from './consumers.js';
import { Inbox } from './Inbox.js';
import { Notices } from './Notices.js';
import type { OverflowPolicy } from './overflow.js';
import type { Phase } from './Phase.js';
import type { Ending } from './Pulls.js';
import type { Host, Parts } from './receiverParts.js';
import { forgetSignal } from './signal.js';

/**
 * The bus's side of a receiver: an {@link Inbox}, the one consumer that empties it, and its phase. The application's side is a handle. A
 * receiver without a handle and without a consumer can be freed.
 *
 * Invariants: the consumer is called in turns only. `isLagging` is true from the first loss until a turn has emptied the inbox. A receiver
 * is parked only while it lags and `lagged$` has no subscriber. A receiver that is over has no consumer.
 */
export class Receiver<E> extends Inbox<E> implements Staged<E>, TurnTaker, CatchUpOwner<E> {
  readonly id: number;
  readonly host: Host<E, Receiver<E>>;
  phase: Phase = 'over';
  parts: Parts<E> | undefined;
  consumer: Observer<BusEvent<E>> | undefined;
  awaitsTurn = false;
  router: Lister<E> | undefined;
  filter: EventFilter<E> | undefined;
  place = 0;
  parkedIn: Parking<E> | undefined;
  parkedAt = 0;

  constructor(id: number, capacity: number, policy: OverflowPolicy<E>, host: Host<E, Receiver<E>>) {
    super(capacity, policy);
    this.id = id;
    this.host = host;
  }

  /** The parts that most receivers do not need. They are created at the first call. */
  get more(): Parts<E> {
    return (this.parts ??= {});
  }

  get isLagging(): boolean {
    return this.parts?.isLagging === true;
  }

  /** Whether it accepts no more events. */
  get hasEnded(): boolean {
    return this.phase === 'draining' || this.phase === 'over';
  }

  /** Whether calls of `recv` wait for an event. */
  get hasPulls(): boolean {
    return (this.parts?.pulls?.size ?? 0) > 0;
  }

  /** Whether an iterator or a stream pulls, and has not come to the end. */
  get hasPuller(): boolean {
    return this.parts?.pulls?.puller !== undefined && !this.isExhausted;
  }

  /** Whether `lagged$` has a subscriber. */
  get isLagObserved(): boolean {
    return this.parts?.notices?.isLagObserved === true;
  }

  get recordsGaps(): boolean {
    return this.consumer === undefined || this.consumer instanceof DeliveryConsumer;
  }

  get lagged(): number {
    this.host.stage.settle();
    return this.laggedNow;
  }

  /** {@link lagged}, while the stage is empty. */
  get laggedNow(): number {
    return this.lost + (this.parkedIn?.refusedSince(this.parkedAt) ?? 0);
  }

  offerRun(burst: Burst<E>, from: number, to: number): this | undefined {
    if (this.hasEnded) {
      return undefined;
    }
    if (burst.lent && this.consumer !== undefined && this.lend(burst.events, from, to)) {
      this.host.stage.request(this);
      return undefined;
    }
    const isDrainedNow = burst.lent && this.consumer !== undefined;
    const { accepted } = this;
    let at = from;
    while (at < to && this.accept(burst.events[at] as BusEvent<E>)) {
      at += 1;
    }
    if (at < to) {
      this.refuseRest(burst, at, to);
    }
    this.arrived(accepted, (burst.since ??= this.host.stage.now()), isDrainedNow);
    if (at < to) {
      this.lag();
      return this;
    }
    if (this.hasPulls) {
      this.host.stage.request(this);
    }
    if (!isDrainedNow) {
      this.host.stage.queued(this);
    }
    return undefined;
  }

  get mayPark(): boolean {
    return (
      this.policy.mayBeOfferedLate &&
      this.isLagging &&
      this.waiting === this.capacity &&
      !this.isLagObserved &&
      !this.hasEnded &&
      // In its turn, each delivered event frees a place, so each event must be offered.
      !this.host.stage.isTurnOf(this)
    );
  }

  lose(): void {
    // If it is closed, it has no slot, and `stats()` does not read its counts.
    this.account();
    this.lag();
  }

  hasRead(first: number): void {
    this.arrived(first, this.host.stage.now(), false);
    if (this.hasPulls && this.waiting > 0) {
      this.host.stage.request(this);
    }
  }

  caughtUp(wasClosed: boolean): void {
    const filter = this.filter as EventFilter<E>;
    this.more.catchUp = undefined;
    if (wasClosed) {
      this.end('complete');
    } else {
      this.host.stage.join(this, filter);
      this.host.stage.queued(this);
    }
  }

  turn(): void {
    const { consumer } = this;
    if (consumer !== undefined) {
      this.deliver(consumer);
      if (this.consumer === consumer) {
        this.endTurn(consumer);
      }
    }
    this.answerPulls();
    this.reportConsumed();
    if (this.isLagging && this.waiting === 0) {
      this.stopLagging();
      this.host.logOf(this, 'info', `has caught up; lagged: ${this.laggedNow}`);
    }
    this.parts?.notices?.emit(this);
  }

  private deliver(consumer: Observer<BusEvent<E>>): void {
    this.parkedIn?.unpark(this);
    this.drain(consumer);
    this.parts?.catchUp?.readInOrder(this.host.stage.inOrder);
    if (this.hasGaps && this.waiting === 0 && consumer instanceof DeliveryConsumer) {
      try {
        // There is room now, so no more events can be lost before the next one.
        consumer.emitGap(this.takeGap(this.accepted));
      } catch (error) {
        report(error);
      }
    }
  }

  private endTurn(consumer: Observer<BusEvent<E>>): void {
    if (this.waiting > 0) {
      this.host.stage.request(this);
      return;
    }
    const ending = this.takeEnding();
    if (ending === undefined) {
      return;
    }
    // Set before the call: if the consumer subscribes again in it, the receiver must be over.
    this.consumer = undefined;
    this.phase = 'over';
    this.account();
    this.host.drop(this);
    try {
      if (ending === 'complete') {
        consumer.complete();
      } else {
        consumer.error(ending.error);
      }
    } catch (error) {
      report(error);
    }
  }

  /** Answers the waiting calls of `recv`, as far as there are events, gaps or an ending. */
  answerPulls(): void {
    const pulls = this.parts?.pulls;
    if (pulls === undefined || pulls.size === 0) {
      return;
    }
    this.parkedIn?.unpark(this);
    const answered = pulls.answer(this);
    this.parts?.catchUp?.readInOrder(this.host.stage.inOrder);
    if (this.waiting === 0 || this.phase !== 'live') {
      this.parts?.stallTimer?.stop();
      forgetSignal(this);
    } else {
      this.parts?.stallTimer?.restart();
    }
    // If no pull was answered, nothing has changed. Another turn would then request the next one, without end.
    const hasChanged = answered && (this.isLagging || this.parts?.marks !== undefined);
    if (hasChanged || (pulls.size > 0 && (this.waiting > 0 || this.hasEnded))) {
      this.host.stage.request(this);
    }
  }

  takeEnding(): Ending | undefined {
    if (!this.hasEnded) {
      return undefined;
    }
    const parts = this.more;
    const { failure } = parts;
    parts.failure = undefined;
    parts.isEndDelivered = true;
    return failure ?? 'complete';
  }

  beginNotices(): Notices {
    this.host.stage.settle();
    this.parkedIn?.unpark(this);
    return (this.more.notices ??= new Notices());
  }

  /** Frees its slot. Events that were published before are still delivered. */
  close(): void {
    if (this.phase === 'live') {
      this.phase = 'closing';
      this.depart();
    }
  }

  /** Ends with `error`, after the waiting events. */
  fail(error: unknown): void {
    this.end({ error });
  }

  /** Accepts no more events. The waiting events are still delivered, then the ending. */
  end(ending: Ending): void {
    const wasLive = this.phase === 'live';
    if (!this.hasEnded && ending !== 'complete') {
      this.more.failure = ending;
    }
    this.phase = this.consumer === undefined ? 'over' : 'draining';
    this.parts?.stallTimer?.stop();
    const catchUp = this.parts?.catchUp;
    if (catchUp !== undefined) {
      this.more.catchUp = undefined;
      catchUp.stop();
    }
    if (this.router === undefined) {
      this.filter = undefined;
    }
    this.releaseIfUnconsumed();
    if (wasLive) {
      this.depart();
    } else if (this.phase === 'over') {
      this.host.drop(this);
    }
    // Last: on a scheduler without a hop, the consumer is called here.
    if (this.consumer !== undefined || this.hasPulls || this.isLagObserved) {
      this.host.stage.request(this);
    }
  }

  /** Brings the totals of the bus up to date, if it has no slot. */
  account(): void {
    this.parts?.account?.update(this.delivered, this.laggedNow);
  }

  private depart(): void {
    // The totals of the bus include its counts from now on.
    this.more.account = new Account(this.host.totals, this.id, this.parts?.name);
    this.account();
    this.host.release(this);
  }

  evict(): void {
    this.fail(new SlowConsumerError(this.id, this.waiting, this.laggedNow, this.oldestAgeMs(this.host.stage.now())));
  }

  /** Whether it has ended and only completion is left: no event, no gap and no error. */
  get isExhausted(): boolean {
    return this.hasEnded && this.parts?.failure === undefined && !this.hasNext;
  }

  /** Accepts `busEvent`. Returns false if `busEvent` or another event was lost. */
  accept(busEvent: BusEvent<E>): boolean {
    if (this.hasEnded) {
      return true;
    }
    let loss;
    try {
      loss = this.put(busEvent);
    } catch (error) {
      // The application's `key` or `barrier` threw. The receiver ends, as if a predicate had thrown.
      this.fail(error);
      return true;
    }
    // The application's function may have ended the receiver. The event is then discarded with the others.
    if (this.phase === 'draining' || this.phase === 'over') {
      return true;
    }
    // If events may be offered late, `refuseRest` records the losses of a run together.
    this.count(loss, loss !== undefined && !this.policy.mayBeOfferedLate && this.recordsGaps);
    if (this.consumer !== undefined) {
      this.host.stage.request(this);
    }
    if (loss !== undefined && this.policy.endsWhenFull) {
      this.evict();
    }
    return loss === undefined;
  }

  /** Counts the events from the index `from` on as lost. The first of them is counted already. */
  private refuseRest(burst: Burst<E>, from: number, to: number): void {
    this.lost += to - from - 1;
    if (this.recordsGaps && this.policy.mayBeOfferedLate) {
      countKinds(burst.events, from, to, (kind, count) => {
        this.miss(kind, count);
      });
    }
  }

  /** Records the time at which the events from the number `first` on were accepted, if there are any. */
  arrived(first: number, time: number, isDrainedNow: boolean): void {
    if (this.accepted > first) {
      this.recordArrival(first, time, isDrainedNow);
      if (this.consumer === undefined && !this.hasPulls && this.phase === 'live') {
        this.parts?.stallTimer?.watch(time);
      }
    }
  }

  private lag(): void {
    if (this.isLagObserved || this.parts?.marks !== undefined || this.hasPulls) {
      this.host.stage.request(this);
    }
    if (!this.isLagging) {
      // Set before logging, since the logger may publish.
      this.more.isLagging = true;
      this.host.stage.lags(this);
      const { waiting, capacity } = this;
      const why = waiting < capacity ? `${waiting} wait` : `its queue of ${waiting} is full`;
      this.host.logOf(this, 'warn', `begins to lag: ${why}`);
    }
  }

  stopLagging(): void {
    this.more.isLagging = false;
    this.host.stage.caughtUp(this);
  }

  /** Called when it is closed or has ended. Without a consumer, it no longer holds up a flush. */
  releaseIfUnconsumed(): void {
    if (this.consumer === undefined) {
      this.parts?.catchUp?.release();
      this.parts?.marks?.passed(Infinity);
      forgetSignal(this);
    }
  }

  /** Reports to the waiting flushes how many events were consumed or discarded. */
  reportConsumed(): void {
    this.parts?.marks?.passed(this.nextNumber);
    if (this.hasEnded) {
      this.account();
      forgetSignal(this);
    }
  }
}
