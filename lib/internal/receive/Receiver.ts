import type { Observer } from 'rxjs';
import { type BusPosition, type Delivery, ReceiverBusyError, SlowConsumerError } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import { CatchUp, type CatchUpOwner } from '../replay/CatchUp.js';
import type { History } from '../replay/History.js';
import type { Staged } from '../dispatch/Stage.js';
import type { TurnTaker } from '../dispatch/order.js';
import type { Listing } from '../dispatch/Listing.js';
import type { Router } from '../dispatch/Router.js';
import { countKinds, kindOf, OTHERS } from '../support/Tally.js';
import type { Burst } from '../dispatch/Target.js';
import type { Link } from '../support/LinkedList.js';
import { Marks, type Wait } from '../support/Marks.js';
import { onAbort } from '../support/abort.js';
import { outOfContext } from '../support/context.js';
import { report } from '../support/report.js';
import { currentZone, runIn } from '../support/zone.js';
import { Account } from './Account.js';
import { DeliveryConsumer, DirectConsumer, type Seat } from './consumers.js';
import { Inbox } from './Inbox.js';
import { Notices } from './Notices.js';
import { type Ending, type Pull, Pulls } from './Pulls.js';
import type { Host, Parts, ReceiverSettings } from './receiverParts.js';
import { StallTimer } from './StallTimer.js';
import { positionOf } from './views.js';

/**
 * - `live`: it is offered what is published.
 * - `closing`: it was closed while it catches up, and reads what was published until then.
 * - `ended`: it takes nothing more. What waits is still delivered, then the ending.
 */
type Phase = 'live' | 'closing' | 'ended';

/**
 * The bus's end of a receiver: an {@link Inbox}, the one consumer that it is emptied by, and its end. The application's end is a handle: what
 * nobody has a handle of, and nobody consumes, can be freed.
 *
 * Invariants: the consumer is called in turns only. `isLagging` from the first loss until a turn has emptied the inbox. It is parked only while it
 * lags and nobody observes its count.
 */
export class Receiver<E> extends Inbox<E> implements Staged<E>, TurnTaker, Seat<BusEvent<E>>, CatchUpOwner<E> {
  readonly id: number;
  awaitsTurn = false;
  router: Router<E> | undefined;
  filter: EventFilter<E> | undefined;
  place = 0;
  parkedIn: Listing<E> | undefined;
  parkedAt = 0;

  private phase: Phase = 'live';
  private readonly host: Host<E>;
  private consumer: Observer<BusEvent<E>> | undefined;
  private parts: Parts<E> | undefined;

  constructor(id: number, { capacity, policy, name, stallAfterMs }: ReceiverSettings<E>, host: Host<E>) {
    super(capacity, policy);
    this.id = id;
    this.host = host;
    if (name !== undefined) {
      this.parts = { name };
    }
    if (stallAfterMs !== undefined) {
      this.more.stallTimer = new StallTimer(host.stage.clock, stallAfterMs, () => {
        host.stage.settle();
        this.evict();
      });
    }
  }

  // What others see of it

  get name(): string | undefined {
    return this.parts?.name;
  }

  get isLagging(): boolean {
    return this.parts?.isLagging === true;
  }

  /** Events that it was to start with, and that were retained no longer. */
  get missed(): number {
    return this.parts?.missed ?? 0;
  }

  get hasRoom(): boolean {
    return this.waiting < this.capacity;
  }

  get hasConsumer(): boolean {
    return this.consumer !== undefined;
  }

  get hasEnded(): boolean {
    return this.phase === 'ended';
  }

  get isCatchingUp(): boolean {
    return this.parts?.catchUp !== undefined;
  }

  /** No event will come, and nobody waits for one. */
  get isOver(): boolean {
    return this.hasEnded && !this.hasConsumer;
  }

  /** Whether it has no slot, or never had one. */
  get hasDeparted(): boolean {
    return this.hasEnded || this.parts?.account !== undefined;
  }

  /** Whether a flush need not wait for it: nobody may come for what waits. */
  get isForgone(): boolean {
    return this.phase !== 'live' && !this.hasConsumer;
  }

  /** Whether something elsewhere holds it, or its listener, that has to go with its handle. */
  get isHeld(): boolean {
    return this.isCatchingUp || this.parts?.ignoreSignal !== undefined;
  }

  get recordsGaps(): boolean {
    return this.consumer === undefined || this.consumer instanceof DeliveryConsumer;
  }

  get lagged(): number {
    this.host.stage.settle();
    return this.laggedNow;
  }

  /** {@link lagged}, where nothing is staged. */
  get laggedNow(): number {
    return this.lost + (this.parkedIn?.refusedSince(this.parkedAt) ?? 0);
  }

  /** For how many milliseconds the oldest event has waited; 0 where none does, or has its turn right now. */
  get oldestAgeMs(): number {
    const since = this.waitingSince;
    return since === undefined ? 0 : Math.max(0, this.host.stage.now() - since);
  }

  /** The place up to which everything was taken. */
  get position(): BusPosition | undefined {
    this.host.stage.settle();
    return positionOf(this, this.host.position());
  }

  /** The number in the history of the event that came out last. */
  get lastTaken(): number {
    return this.lastSeqIn(this.host.stage.lent);
  }

  /** Whether it is a receiver of the bus that has this stage. */
  isOf(stage: unknown): boolean {
    return this.host.stage === stage;
  }

  /** The `index`th event to come out. */
  waitingAt(index: number): BusEvent<E> {
    return this.peek(index, this.host.stage.lent);
  }

  /** The wait until so many events are consumed, or forgotten. */
  consumedUpTo(number: number): Wait {
    return (this.more.marks ??= new Marks()).reached(number);
  }

  get catchUp(): CatchUp<E> | undefined {
    return this.parts?.catchUp;
  }

  // From the router

  offerRun(burst: Burst<E>, from: number, to: number): this | undefined {
    if (this.phase === 'ended') {
      return undefined;
    }
    if (burst.lent && this.consumer !== undefined && this.lend(from, to)) {
      this.requestTurn();
      return undefined;
    }
    const { accepted } = this;
    for (let at = from; at < to; at += 1) {
      if (!this.take(burst.events[at] as BusEvent<E>)) {
        this.countRefused(to - at - 1, undefined);
        if (this.recordsGaps && this.policy.mayBeOfferedLate) {
          countKinds(burst.events, at, to, (kind, count) => {
            this.miss(kind, count);
          });
        }
        this.arrived(accepted, (burst.since ??= this.host.stage.now()), burst.lent && this.hasConsumer);
        this.lag();
        return this;
      }
    }
    this.arrived(accepted, (burst.since ??= this.host.stage.now()), burst.lent && this.hasConsumer);
    if (this.isAsked) {
      this.requestTurn();
    }
    this.host.stage.keeps(this);
    return undefined;
  }

  get mayPark(): boolean {
    return (
      this.policy.mayBeOfferedLate &&
      this.isLagging &&
      this.waiting === this.capacity &&
      this.parts?.notices?.isCounting !== true &&
      !this.hasEnded &&
      // In its turn, each event that it hands over gives a place free: what is refused is decided event by event.
      !this.host.stage.isTurnOf(this)
    );
  }

  countRefused(count: number, byKind: ReadonlyMap<string, number> | undefined): void {
    this.lost += count;
    byKind?.forEach((missing, kind) => {
      this.miss(kind, missing);
    });
  }

  fail(error: unknown): void {
    this.end({ error });
    this.host.release(this);
  }

  // From the history

  /** Starts with what `history` retains of the events after the number `after`, then goes live. */
  startAfter(after: number, history: History<E>, filter: EventFilter<E>): void {
    this.filter = filter;
    this.lastSeq = after;
    const catchUp = new CatchUp(history, filter, after, this);
    this.more.catchUp = catchUp;
    this.more.missed = this.missed + catchUp.missed;
    this.readOn();
  }

  /** Events are missing at its start: `count` of them, or at most so many if `isVague`. */
  startWithGap(count: number, isVague: boolean): void {
    this.more.missed = count;
    this.noteGap(new Map([[OTHERS, count]]), isVague);
  }

  takeRetained(busEvent: BusEvent<E>): void {
    if (!this.take(busEvent)) {
      // It may be closed: then it has no slot, and `stats()` does not ask it.
      this.account();
      this.lag();
    }
  }

  loseRetained(busEvent: BusEvent<E>): void {
    if (this.recordsGaps) {
      this.miss(kindOf(busEvent));
    }
    this.countLost();
  }

  countLost(): void {
    this.lost += 1;
    this.account();
    if (this.policy.endsWhenFull) {
      this.evict();
    }
    this.lag();
  }

  noteGap(byKind: ReadonlyMap<string, number>, isVague: boolean): void {
    if (this.recordsGaps) {
      byKind.forEach((count, kind) => {
        this.miss(kind, count);
      });
      if (isVague) {
        this.blurGap();
      }
    }
  }

  readOn(): void {
    const catchUp = this.parts?.catchUp;
    if (catchUp !== undefined) {
      const { accepted } = this;
      catchUp.fill();
      this.arrived(accepted, this.host.stage.now(), false);
      catchUp.endIfRead();
      if (this.isAsked && this.waiting > 0) {
        this.requestTurn();
      }
    }
  }

  caughtUp(wasClosed: boolean): void {
    const filter = this.filter as EventFilter<E>;
    this.more.catchUp = undefined;
    if (wasClosed) {
      this.end('complete');
    } else {
      this.host.stage.join(this, filter);
      this.host.stage.keeps(this);
    }
  }

  // To the consumer

  serve(consumer: Observer<BusEvent<E>>): void {
    this.host.stage.settle();
    if (this.hasConsumer || this.isAsked || this.isClaimed) {
      consumer.error(new ReceiverBusyError(this.id));
      return;
    }
    this.parts?.stallTimer?.stop();
    // A consumer holds the handle, and ends the receiver when it goes.
    this.host.unwatch(this);
    if (!(consumer instanceof DeliveryConsumer)) {
      this.parkedIn?.unpark(this);
      this.forgetGaps();
    }
    // What is missing is told first, also where it has ended.
    if (this.hasEnded && this.parts?.failure === undefined && this.waiting === 0 && !this.gapIsNext) {
      consumer.complete();
      return;
    }
    this.consumer = consumer;
    this.enterZone();
    if (this.hasEnded || this.waiting > 0 || this.gapIsNext) {
      this.requestTurn();
    }
    this.noteDraining();
  }

  /** Serves `out` with events, and with what is missing between them. Returns what has to {@link leave}. */
  serveDeliveries(out: Observer<Delivery<E>>): Observer<BusEvent<E>> {
    // The event in hand is not counted among those that wait.
    const consumer = new DeliveryConsumer<E>(out, {
      takeGap: () => this.takeGap(this.nextNumber - 1),
      isForgotten: () => this.clearInHand(),
    });
    this.serve(consumer);
    return consumer;
  }

  leave(leaver: Observer<BusEvent<E>>): void {
    const { consumer } = this;
    const isOwn = consumer === leaver || (consumer instanceof DirectConsumer && consumer.isBehind(leaver));
    if (consumer !== undefined && isOwn) {
      this.consumer = undefined;
      this.dispose();
    }
  }

  /**
   * Answers `pull` with the next event, or the end.
   *
   * @param inTurn Never at once, even where an event waits.
   * @param by The consumer that takes one after the other; `undefined` for a call that stands alone.
   * @returns Its place, by which it can be taken back; `undefined` where another consumer is there.
   */
  ask(pull: Pull<E>, inTurn = false, by?: object): Link<Pull<E>> | undefined {
    const claimant = this.parts?.pulls?.claimant;
    const isClaim = by !== undefined && by !== claimant;
    if (this.hasConsumer || (this.isClaimed && by !== claimant) || (isClaim && this.isAsked)) {
      pull.error(new ReceiverBusyError(this.id));
      return undefined;
    }
    const pulls = (this.more.pulls ??= new Pulls());
    pulls.claimant = by ?? claimant;
    this.host.stage.settle();
    const place = pulls.add(pull);
    if (!inTurn) {
      this.answerPulls();
    } else if (this.waiting > 0 || this.hasEnded || this.gapIsNext) {
      this.requestTurn();
    }
    return place;
  }

  /** Takes back what was asked for at `place`. Returns whether it was not answered yet. */
  withdraw(place: Link<Pull<E>>): boolean {
    const isWithdrawn = this.parts?.pulls?.withdraw(place) === true;
    if (isWithdrawn && this.waiting > 0 && !this.isAsked && this.phase === 'live') {
      // What came for it waits now, as if it had never been asked for.
      this.parts?.stallTimer?.watch(this.host.stage.now());
    }
    return isWithdrawn;
  }

  /** Leaves at once, where `claimant` is its consumer, or nobody is. */
  leaveAs(claimant: object): void {
    const current = this.parts?.pulls?.claimant;
    const isOnlyOne = current === undefined && !this.hasConsumer && !this.isAsked;
    if (isOnlyOne || current === claimant) {
      this.dispose();
    }
  }

  takeEnding(): Ending | undefined {
    if (!this.hasEnded) {
      return undefined;
    }
    const parts = this.more;
    const { failure } = parts;
    // An error is told once.
    parts.failure = undefined;
    parts.isEndTold = true;
    return failure ?? 'complete';
  }

  beginNotices(): Notices {
    this.host.stage.settle();
    this.parkedIn?.unpark(this);
    return (this.more.notices ??= new Notices());
  }

  // Its turn

  turn(): void {
    const { consumer } = this;
    if (consumer !== undefined) {
      this.deliver(consumer);
      if (this.consumer === consumer) {
        this.endTurn(consumer);
      }
    }
    this.answerPulls();
    this.noteConsumed();
    if (this.isLagging && this.waiting === 0) {
      this.stopLagging();
      this.log('info', `has caught up; lagged: ${this.laggedNow}`);
    }
    this.parts?.notices?.tell(this);
  }

  private deliver(consumer: Observer<BusEvent<E>>): void {
    this.parkedIn?.unpark(this);
    this.drain(consumer, this.host.stage.lent);
    this.readOnInOrder();
    if (this.hasGaps && this.waiting === 0 && consumer instanceof DeliveryConsumer) {
      try {
        // With room for the next event, nothing more can be missing before it.
        consumer.tell(this.takeGap(this.accepted));
      } catch (error) {
        report(error);
      }
    }
  }

  private endTurn(consumer: Observer<BusEvent<E>>): void {
    if (this.waiting > 0) {
      this.requestTurn();
      return;
    }
    const ending = this.takeEnding();
    if (ending === undefined) {
      return;
    }
    // Forget the consumer before calling it: it may subscribe again from within, and finds a receiver that is through.
    this.consumer = undefined;
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

  private answerPulls(): void {
    const pulls = this.parts?.pulls;
    if (pulls === undefined || pulls.size === 0) {
      return;
    }
    this.parkedIn?.unpark(this);
    const answered = pulls.answer(this);
    this.readOnInOrder();
    if (this.waiting === 0 || this.phase !== 'live') {
      this.parts?.stallTimer?.stop();
      this.forgoSignal();
    } else {
      this.parts?.stallTimer?.restart();
    }
    // Where nobody was answered there is nothing to tell: a turn that asks for the next one never ends.
    const hasNews = answered && (this.isLagging || this.parts?.marks !== undefined);
    if (hasNews || (pulls.size > 0 && (this.waiting > 0 || this.hasEnded))) {
      this.requestTurn();
    }
  }

  /** Where there is zone.js, its turns are in the zone of the caller. */
  private enterZone(): void {
    const zone = currentZone();
    if (zone !== undefined) {
      const turn = this.turn.bind(this);
      // The whole turn, since Angular checks its page whenever its zone is left; and where there is no zone.js, a turn looks for none.
      this.turn = () => {
        runIn(zone, turn, report);
      };
    }
  }

  // Its end

  close(): void {
    this.host.release(this);
  }

  /** Leaves at once, and forgets what waits. */
  dispose(): void {
    this.host.stage.settle();
    // To be rid of what waits is not to catch up with it; to leave with an empty queue is.
    if (this.isLagging && this.waiting > 0) {
      this.stopLagging();
    }
    this.parkedIn?.unpark(this);
    this.parts?.catchUp?.forgetMissing();
    this.clear(this.host.stage.lent);
    if (this.parts !== undefined) {
      this.parts.failure = undefined;
    }
    this.end('complete');
    if (!this.hasConsumer) {
      this.host.stage.withdraw(this);
    }
    this.host.release(this);
    this.answerPulls();
    this.noteConsumed();
    this.announceEnd();
  }

  /** The handle was collected: nobody will come for the events. */
  abandon(): void {
    this.host.stage.settle();
    if (this.phase === 'live') {
      const { waiting } = this;
      this.log('warn', `was dropped without being closed: its slot is free, ${waiting} events that waited are gone`);
    }
    this.dispose();
  }

  /** Leaves at once when `signal` is aborted. */
  leaveOn(signal: AbortSignal | undefined): void {
    if (signal !== undefined) {
      // A signal may live longer than anybody who holds the receiver.
      const ref = new WeakRef(this);
      this.more.ignoreSignal = onAbort(signal, () => {
        ref.deref()?.dispose();
      });
    }
  }

  /** It has no slot any more: what it delivers and loses from now on is added to the totals, as what it did so far. */
  depart(): void {
    this.more.account = new Account(this.host.totals);
    this.account();
    if (this.parts?.notices?.isClosedObserved === true) {
      this.requestTurn();
    }
  }

  /** Brings the totals up to date, where it has departed. */
  account(): void {
    this.parts?.account?.update(this.delivered, this.laggedNow);
  }

  /** All that was published until now was offered: it ends when it has that. */
  finish(): void {
    const catchUp = this.parts?.catchUp;
    if (catchUp === undefined) {
      this.end('complete');
      return;
    }
    catchUp.close();
    this.phase = 'closing';
    this.parts?.stallTimer?.stop();
    this.noteDraining();
    this.forgoConsumer();
    // In a turn of its own it reads when that is over. Until then something waits, or it would not catch up any more.
    if (!this.host.stage.isTurnOf(this)) {
      this.readOn();
    }
  }

  /** Takes nothing more. What waits is still delivered, then the ending. */
  end(ending: Ending): void {
    if (!this.hasEnded) {
      this.phase = 'ended';
      if (ending !== 'complete') {
        this.more.failure = ending;
      }
    }
    if (this.hasConsumer || this.isAsked) {
      this.requestTurn();
    }
    this.parts?.stallTimer?.stop();
    const catchUp = this.parts?.catchUp;
    if (catchUp !== undefined) {
      this.more.catchUp = undefined;
      catchUp.stop();
    }
    if (this.router === undefined) {
      this.filter = undefined;
    }
    this.noteDraining();
    this.forgoConsumer();
    this.announceEnd();
  }

  private evict(): void {
    this.fail(new SlowConsumerError(this.id, this.waiting, this.laggedNow, this.oldestAgeMs));
  }

  // Small things

  /** Takes `busEvent` and returns true, or loses it or another one. */
  private take(busEvent: BusEvent<E>): boolean {
    if (this.phase === 'ended') {
      return true;
    }
    let loss;
    try {
      loss = this.put(busEvent);
    } catch (error) {
      // A key or a barrier of the application's threw, as a predicate does.
      this.fail(error);
      return true;
    }
    if (this.hasEnded) {
      // One of them has left the receiver: the event is forgotten with the others.
      return true;
    }
    // The losses of a run are recorded together, where its policy is to refuse.
    this.count(loss, loss !== undefined && !this.policy.mayBeOfferedLate && this.recordsGaps);
    if (this.consumer !== undefined) {
      this.requestTurn();
    }
    if (loss !== undefined && this.policy.endsWhenFull) {
      this.evict();
    }
    return loss === undefined;
  }

  private readOnInOrder(): void {
    if (this.isCatchingUp) {
      this.host.inOrder.run(() => {
        this.readOn();
      }, undefined);
    }
  }

  /** Notes what was accepted, if anything was, from the event of the number `first` on. */
  private arrived(first: number, time: number, isPassing: boolean): void {
    if (this.accepted > first) {
      this.noteArrival(first, time, isPassing);
      if (!this.hasConsumer && !this.isAsked && this.phase === 'live') {
        this.parts?.stallTimer?.watch(time);
      }
    }
  }

  private lag(): void {
    if (this.parts?.notices?.isCounting === true || this.parts?.marks !== undefined || this.isAsked) {
      this.requestTurn();
    }
    if (!this.isLagging) {
      // Set before logging: a logger that publishes must not be told again.
      this.more.isLagging = true;
      this.host.stage.lags(this);
      const { waiting, capacity } = this;
      this.log('warn', `begins to lag: ${waiting < capacity ? `${waiting} wait` : `its queue of ${waiting} is full`}`);
    }
  }

  private stopLagging(): void {
    this.more.isLagging = false;
    this.host.stage.caughtUp(this);
  }

  /** Without a consumer it holds no flush up once it is closed: nobody may come. */
  private forgoConsumer(): void {
    if (!this.hasConsumer) {
      this.parts?.catchUp?.release();
      this.parts?.marks?.passed(Infinity);
      this.forgoSignal();
    }
  }

  /** Once it has ended, and has nothing left that could be forgotten, an error included, it need not know that its signal is aborted. */
  private forgoSignal(): void {
    const { parts } = this;
    if (parts?.ignoreSignal === undefined || !this.hasEnded || parts.failure !== undefined || this.waiting > 0) {
      return;
    }
    if (!this.gapIsNext || parts.isEndTold === true) {
      parts.ignoreSignal();
      parts.ignoreSignal = undefined;
    }
  }

  /** A flush waits for it as long as its consumer gets what waits, though it has no slot. */
  private noteDraining(): void {
    if (this.phase !== 'live' && this.hasConsumer) {
      this.host.draining.add(this);
    }
  }

  /** Tells the flushes that wait for it how many events were consumed, or forgotten. */
  private noteConsumed(): void {
    this.parts?.marks?.passed(this.nextNumber);
    if (this.hasEnded) {
      this.account();
      if (this.waiting === 0) {
        this.host.draining.delete(this);
      }
      this.forgoSignal();
    }
  }

  /** An observer of `lagged$` is told of the end in a turn, as of everything. */
  private announceEnd(): void {
    if (this.parts?.notices?.isCounting === true) {
      this.requestTurn();
    }
  }

  /** Writes when the present event, or hand-over, is through: a logger may read any count. */
  private log(level: 'info' | 'warn', what: string): void {
    this.host.inOrder.run(() => {
      const { id, name } = this;
      // It may be written in a publish that has nothing to do with it.
      outOfContext(() => {
        this.host.log(level, `receiver ${id}${name === undefined ? '' : ` (${name})`} ${what}`);
      });
    }, undefined);
  }

  private requestTurn(): void {
    this.host.stage.request(this);
  }

  /** Whether calls wait for an event. */
  get isAsked(): boolean {
    return (this.parts?.pulls?.size ?? 0) > 0;
  }

  /** Whether a consumer takes one after the other; not any more once all is over. */
  get isClaimed(): boolean {
    const isThrough = this.hasEnded && this.parts?.failure === undefined && this.waiting === 0 && !this.gapIsNext;
    return this.parts?.pulls?.claimant !== undefined && !isThrough;
  }

  private get more(): Parts<E> {
    return (this.parts ??= {});
  }
}
