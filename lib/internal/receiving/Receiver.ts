import { defer, type Observable, type Observer, of, Subject } from 'rxjs';
import {
  type BusPosition,
  type Overflow,
  type ReceiverBaseOptions,
  ReceiverBusyError,
  SlowConsumerError,
  type TryRecv,
} from '../../BusReceiver.js';
import type { ReceiverStats } from '../../BusStats.js';
import type { Delivery } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';
import { type EventFilter, passes } from '../../protocol/EventFilter.js';
import type { BurstMailboxOptions } from './BurstMailbox.js';
import { DeliveryConsumer } from './DeliveryConsumer.js';
import { DirectConsumer, type Seat } from './DirectConsumer.js';
import { GrowingCount } from './GrowingCount.js';
import { inCallersZone } from './inCallersZone.js';
import type { InOrder } from '../publishing/InOrder.js';
import type { Listing } from '../routing/Listing.js';
import type { Log } from '../support/logging.js';
import { type Ending, report } from './Mailbox.js';
import type { Wait } from '../support/Marks.js';
import type { Link } from '../support/LinkedList.js';
import { onAbort } from '../support/onAbort.js';
import { outOfContext } from '../support/outOfContext.js';
import type { Pull } from './Pull.js';
import { ReplayedMailbox } from './ReplayedMailbox.js';
import type { Router } from '../routing/Router.js';
import { StallTimer } from './StallTimer.js';
import type { Stage, Staged } from '../publishing/Stage.js';
import { countKinds, kindOf } from '../routing/Tally.js';
import type { Burst } from '../routing/Target.js';

/** What a receiver needs of its bus. */
export interface Host<E> {
  readonly stage: Stage<E>;
  readonly inOrder: InOrder;
  readonly log: Log;
  /** Those that have ended, and still hand over what waits. */
  readonly draining: Set<Receiver<E>>;
  /** Frees the slot of `receiver`, if it has one; then, when all that was published until now was offered, ends it. */
  release(receiver: Receiver<E>): void;
  /** Nobody needs to see any more whether the handle of `receiver` is collected. */
  unwatch(receiver: Receiver<E>): void;
  /** What those had got and lost that have ended. */
  readonly totals: { delivered: number; dropped: number };
  /** The place of what was published last; `undefined`: there is no history. */
  position(): BusPosition | undefined;
}

/** What most receivers do without. It is kept apart, so that an idle one takes little. */
interface Extras {
  readonly name?: string | undefined;
  readonly evicts?: boolean;
  isLagging?: boolean;
  missed?: number;
  /** Made for the first observer of the count. */
  growing?: GrowingCount | undefined;
  /** Where it may not wait for its consumer for ever. */
  stallTimer?: StallTimer;
  /** Gives back the listener at a signal. */
  ignoreSignal?: (() => void) | undefined;
  /** What takes one event after the other, and is its only consumer. */
  puller?: object;
  /** Tells that it has no slot any more. Made for the first observer. */
  closed$?: Subject<void> | undefined;
  /** What the totals of its bus hold of what it delivered and lost, once it has no slot. */
  accounted?: { delivered: number; lagged: number };
}

/** What a receiver is made with, checked. */
export type ReceiverSettings<E> = ReceiverBaseOptions &
  BurstMailboxOptions<E> & { readonly overflow?: Overflow | undefined };

/**
 * The bus's end of a receiver. The application's is a handle: what nobody has a handle of, and nobody consumes, can be freed.
 *
 * Invariants: `isLagging` is true from the first refusal until a turn has emptied the mailbox. It is parked only while it lags
 * and nobody observes its count.
 */
export class Receiver<E> extends ReplayedMailbox<E> implements Staged<E>, Seat<BusEvent<E>> {
  readonly id: number;
  router: Router<E> | undefined;
  place = 0;
  parkedIn: Listing<E> | undefined;
  parkedAt = 0;

  readonly #host: Host<E>;
  /** Made when any of it is needed. */
  #extras: Extras | undefined;

  constructor(id: number, settings: ReceiverSettings<E>, host: Host<E>) {
    super(host.stage, settings);
    this.id = id;
    this.#host = host;
    const { name, overflow, stallAfterMs } = settings;
    if (name !== undefined || overflow === 'evict') {
      this.#extras = { name, evicts: overflow === 'evict' };
    }
    if (stallAfterMs !== undefined) {
      const { stage } = host;
      this.#more.stallTimer = new StallTimer(stage.clock, stallAfterMs, () => {
        stage.settle();
        this.#evict();
      });
    }
  }

  get name(): string | undefined {
    return this.#extras?.name;
  }

  /** Whether it ends where there is no room. */
  get evicts(): boolean {
    return this.#extras?.evicts === true;
  }

  get isLagging(): boolean {
    return this.#extras?.isLagging === true;
  }

  set isLagging(isLagging: boolean) {
    this.#more.isLagging = isLagging;
  }

  get missed(): number {
    return this.#extras?.missed ?? 0;
  }

  set missed(missed: number) {
    this.#more.missed = missed;
  }

  protected override get stage(): Stage<E> {
    return this.#host.stage;
  }

  /** `undefined` while it is about to join, or to leave. */
  get stats(): ReceiverStats<E> | undefined {
    const { id, name, filter, capacity, waiting, highWaterMark, delivered } = this;
    return (
      filter && {
        id,
        name,
        filter,
        capacity,
        waiting,
        highWaterMark,
        delivered,
        lagged: this.#laggedNow,
        oldestAgeMs: this.oldestAge,
      }
    );
  }

  get lagged(): number {
    this.#host.stage.settle();
    return this.#laggedNow;
  }

  get recordsGaps(): boolean {
    return this.consumer === undefined || this.consumer instanceof DeliveryConsumer;
  }

  /** The count of what was lost, for one who watches it. */
  observeLagged(): Observable<number> {
    return defer(() => {
      if (this.#isOver) {
        return of(this.lagged);
      }
      this.#host.stage.settle();
      this.parkedIn?.unpark(this);
      return (this.#more.growing ??= new GrowingCount(() => this.#laggedNow)).observe();
    });
  }

  /** Emits once, when it has no slot any more. */
  observeClosed(): Observable<void> {
    return defer(() => (this.#hasDeparted ? of(undefined) : inCallersZone((this.#more.closed$ ??= new Subject()))));
  }

  close(): void {
    this.#host.release(this);
  }

  /** It has no slot any more: what it delivers and loses from now on is added to the totals, as what it did so far. */
  depart(): void {
    const more = this.#more;
    more.accounted = { delivered: 0, lagged: 0 };
    this.account();
    if (more.closed$?.observed === true) {
      this.requestTurn();
    }
  }

  /** Brings the totals up to date, where it has departed. */
  account(): void {
    const accounted = this.#extras?.accounted;
    if (accounted !== undefined) {
      const { delivered } = this;
      const lagged = this.#laggedNow;
      const { totals } = this.#host;
      totals.delivered += delivered - accounted.delivered;
      totals.dropped += lagged - accounted.lagged;
      accounted.delivered = delivered;
      accounted.lagged = lagged;
    }
  }

  /** Leaves at once, and forgets what waits. */
  dispose(): void {
    this.#leaveWith(() => {
      this.discard();
    });
  }

  /** All that was published until now was offered: it ends when it has that. */
  finish(): void {
    if (this.isReplaying) {
      this.finishReplay(() => {
        this.#extras?.stallTimer?.stop();
        this.#noteDraining();
        this.#forgoConsumer();
      });
    } else {
      this.end('complete');
    }
  }

  /** Whether something elsewhere holds it, or its listener, that has to go with its handle. */
  get isHeld(): boolean {
    return this.isReplaying || this.#extras?.ignoreSignal !== undefined;
  }

  /** The handle was collected: nobody will come for the events. */
  abandon(): void {
    this.#host.stage.settle();
    if (!this.isLeaving) {
      this.#log(
        'warn',
        `was dropped without being closed: its slot is free, ${this.waiting} events that waited are gone`,
      );
    }
    this.dispose();
  }

  /** Leaves at once when `signal` is aborted. */
  leaveOn(signal: AbortSignal | undefined): void {
    if (signal !== undefined) {
      // A signal may live longer than anybody who holds the receiver.
      const ref = new WeakRef(this);
      this.#more.ignoreSignal = onAbort(signal, () => {
        ref.deref()?.dispose();
      });
    }
  }

  /**
   * Tells `pull` the next event, or the end.
   *
   * @param inTurn Never at once, even where an event waits.
   * @param by The consumer that takes one after the other; `undefined` for a call that stands alone.
   * @returns Its place, by which it can be taken back; `undefined` where another consumer is there.
   */
  ask(pull: Pull<E>, inTurn = false, by?: object): Link<Pull<E>> | undefined {
    const isClaim = by !== undefined && by !== this.#extras?.puller;
    if (this.hasConsumer || (this.#isClaimed && by !== this.#extras?.puller) || (isClaim && this.isAsked)) {
      pull.error(new ReceiverBusyError(this.id));
      return undefined;
    }
    if (by !== undefined) {
      this.#more.puller = by;
    }
    this.#host.stage.settle();
    return this.pull(pull, inTurn);
  }

  /** What is next, where it is there now: an event, or a gap if `withGaps`. */
  tryTake(withGaps: boolean): TryRecv<Delivery<E>> {
    if (this.hasConsumer || this.#isClaimed) {
      throw new ReceiverBusyError(this.id);
    }
    let answer: TryRecv<Delivery<E>> = { type: 'empty' };
    if (this.isAsked) {
      // What comes is for the calls that wait.
      return answer;
    }
    const tell = (given: TryRecv<Delivery<E>>): void => {
      answer = given;
    };
    const place = this.ask({
      next: (event) => {
        tell({ type: 'event', event });
      },
      ...(withGaps && { gap: tell }),
      complete: () => {
        tell({ type: 'completed' });
      },
      error: (error) => {
        tell({ type: 'failed', error });
      },
    });
    if (place !== undefined) {
      this.withdraw(place);
    }
    return answer;
  }

  /** The place up to which everything was taken. */
  get position(): BusPosition | undefined {
    this.#host.stage.settle();
    const last = this.#host.position();
    if (last === undefined || this.gapIsNext) {
      return undefined;
    }
    if (this.waiting > 0) {
      return { ...last, seq: (this.peek(0).seq as number) - 1 };
    }
    return this.hasEnded ? undefined : { ...last, seq: this.read ?? last.seq };
  }

  /** Leaves at once, where `puller` is its consumer, or nobody is. */
  leaveAs(puller: object): void {
    const current = this.#extras?.puller;
    if (!this.hasConsumer && (current === undefined || current === puller)) {
      this.dispose();
    }
  }

  /** Whether a consumer takes one after the other. Once all is over, there is none. */
  get #isClaimed(): boolean {
    return this.#extras?.puller !== undefined && !(this.ending === 'complete' && this.waiting === 0);
  }

  /** The wait until the events that wait now and match `filter` are consumed, or forgotten, if there are any. */
  consumed(filter: EventFilter<E>): Wait | undefined {
    if (this.isLeaving && !this.hasConsumer) {
      return undefined;
    }
    if (this.isReplaying) {
      return this.replayed(() =>
        this.waiting === 0 || (this.isLeaving && !this.hasConsumer) ? undefined : this.consumedUpTo(this.taken),
      );
    }
    const { waiting } = this;
    for (let index = waiting - 1; index >= 0; index -= 1) {
      if (passes(filter, this.peek(index))) {
        return this.consumedUpTo(this.nextNumber + index + 1);
      }
    }
    return undefined;
  }

  serve(consumer: Observer<BusEvent<E>>): void {
    this.#host.stage.settle();
    if (this.hasConsumer || this.isAsked || this.#isClaimed) {
      consumer.error(new ReceiverBusyError(this.id));
      return;
    }
    this.#extras?.stallTimer?.stop();
    // A consumer holds the handle, and ends the receiver when it goes.
    this.#host.unwatch(this);
    if (consumer instanceof DeliveryConsumer) {
      if (this.waiting === 0 && this.gapIsNext) {
        // Also where it has ended: what is missing is told first.
        this.seat(consumer);
        this.requestTurn();
        this.#noteDraining();
        return;
      }
    } else {
      // Nobody will ask what is missing.
      this.parkedIn?.unpark(this);
      this.gaps = undefined;
    }
    this.handler = consumer instanceof DirectConsumer ? consumer.next : undefined;
    this.attach(consumer);
    this.#noteDraining();
  }

  /** Serves `out` with events, and with what is missing between them. Returns what has to {@link leave}. */
  serveDeliveries(out: Observer<Delivery<E>>): Observer<BusEvent<E>> {
    // The event in hand is not counted among those that wait.
    const consumer = new DeliveryConsumer<E>(out, {
      takeGap: () => this.takeGap(this.nextNumber - 1),
      isForgotten: () => this.forgetInHand(),
    });
    this.serve(consumer);
    return consumer;
  }

  leave(leaver: Observer<BusEvent<E>>): void {
    const served = this.consumer;
    const consumer = served !== leaver && served instanceof DirectConsumer && served.isBehind(leaver) ? served : leaver;
    if (this.handler === consumer.next) {
      this.handler = undefined;
    }
    if (this.consumer === consumer) {
      this.#leaveWith(() => {
        this.detach(consumer);
      });
    }
  }

  offerRun(burst: Burst<E>, from: number, to: number): this | undefined {
    if (this.hasEnded || (burst.lent && this.borrow(from, to))) {
      return undefined;
    }
    const { taken } = this;
    for (let at = from; at < to; at += 1) {
      if (!this.put(burst.events[at] as BusEvent<E>)) {
        this.countRefused(to - at - 1, undefined);
        if (this.recordsGaps && !this.hasPolicy) {
          countKinds(burst.events, at, to, (kind, count) => {
            this.noteMissing(kind, count);
          });
        }
        this.noteRun(taken, burst.since, burst.lent && this.hasConsumer);
        this.lag();
        return this;
      }
    }
    this.noteRun(taken, burst.since, burst.lent && this.hasConsumer);
    if (this.isAsked) {
      this.requestTurn();
    }
    this.#host.stage.keeps(this);
    return undefined;
  }

  get mayPark(): boolean {
    return (
      !this.hasPolicy &&
      this.isLagging &&
      this.waiting === this.capacity &&
      this.#extras?.growing === undefined &&
      !this.hasEnded &&
      // In its turn, each event that it hands over gives a place free: what is refused is decided event by event.
      !this.#host.stage.isTurnOf(this)
    );
  }

  countRefused(count: number, byKind: ReadonlyMap<string, number> | undefined): void {
    this.refused += count;
    byKind?.forEach((missing, kind) => {
      this.noteMissing(kind, missing);
    });
  }

  override fail(error: unknown): void {
    this.end({ error });
    this.#host.release(this);
  }

  override end(ending: Ending): void {
    super.end(ending);
    if (this.isAsked) {
      this.requestTurn();
    }
    this.#extras?.stallTimer?.stop();
    this.stopReplay();
    if (this.router === undefined) {
      this.filter = undefined;
    }
    this.#noteDraining();
    this.#forgoConsumer();
    this.#announceEnd();
  }

  protected override afterTurn(): void {
    this.servePulls();
    this.#noteConsumed();
    if (this.isLagging && this.waiting === 0) {
      this.#stopLagging();
      this.#log('info', `has caught up; lagged: ${this.#laggedNow}`);
    }
    const growing = this.#extras?.growing;
    growing?.tell();
    if (growing !== undefined && this.#isOver) {
      this.#more.growing = undefined;
      growing.end();
    }
    if (this.#extras?.closed$ !== undefined && this.#hasDeparted) {
      const { closed$ } = this.#extras;
      this.#extras.closed$ = undefined;
      closed$.next();
      closed$.complete();
    }
  }

  /** Takes `busEvent` and returns true, or loses it or another one. */
  protected override put(busEvent: BusEvent<E>): boolean {
    const isTaken = this.keep(busEvent);
    if (!isTaken && this.evicts) {
      this.#evict();
    }
    return isTaken;
  }

  protected override lose(busEvent: BusEvent<E>): void {
    if (this.recordsGaps) {
      this.noteMissing(kindOf(busEvent));
    }
    this.countLost();
  }

  override countLost(): void {
    this.refused += 1;
    this.account();
    if (this.evicts) {
      this.#evict();
    }
    this.lag();
  }

  protected override join(filter: EventFilter<E>): void {
    this.#host.stage.join(this, filter);
    this.#host.stage.keeps(this);
  }

  #evict(): void {
    this.fail(new SlowConsumerError(this.id, this.waiting, this.#laggedNow, this.oldestAge));
  }

  /** Notes what was taken of `burst`, if anything was, from the event of the number `first` on. */
  protected override noteRun(first: number, since: number, isPassing: boolean): void {
    if (this.taken > first) {
      this.noteKept(first, since, isPassing);
      if (!this.hasConsumer && !this.isAsked && !this.isLeaving) {
        this.#extras?.stallTimer?.watch(since);
      }
    }
  }

  /** One that is leaving and has no consumer is waited for no more: nobody may come. */
  #forgoConsumer(): void {
    if (!this.hasConsumer) {
      this.tellRead(Infinity);
      this.tellConsumed(Infinity);
      this.#forgoSignal();
    }
  }

  /** One that has ended, and has nothing left that could be forgotten, an error included, need not know when its signal is aborted. */
  #forgoSignal(): void {
    const extras = this.#extras;
    if (extras?.ignoreSignal !== undefined && this.ending === 'complete' && this.waiting === 0) {
      extras.ignoreSignal();
      extras.ignoreSignal = undefined;
    }
  }

  /** One that has ended and still has a consumer is waited for by a flush, though it has no slot. */
  #noteDraining(): void {
    if (this.isLeaving && this.hasConsumer) {
      this.#host.draining.add(this);
    }
  }

  /** Tells those who wait for it how many events were consumed, or forgotten. */
  #noteConsumed(): void {
    if (this.isMarked) {
      this.tellConsumed(this.nextNumber);
    }
    if (this.hasEnded) {
      this.account();
      if (this.waiting === 0) {
        this.#host.draining.delete(this);
      }
      this.#forgoSignal();
    }
  }

  protected override beforePulls(): void {
    this.parkedIn?.unpark(this);
  }

  protected override beforeTold(): void {
    // Whoever works on it may look at the totals.
    this.account();
  }

  protected override afterPulls(answered: boolean): void {
    this.refill();
    if (this.waiting === 0 || this.isLeaving) {
      this.#extras?.stallTimer?.stop();
      this.#forgoSignal();
    } else {
      this.#extras?.stallTimer?.restart();
    }
    if (answered && this.isLagging) {
      // That it has caught up is told in a turn.
      this.requestTurn();
    }
  }

  protected override deliver(consumer: Observer<BusEvent<E>>, queued: number): void {
    this.parkedIn?.unpark(this);
    super.deliver(consumer, queued);
    this.refill();
    if (this.gaps !== undefined && this.waiting === 0 && consumer instanceof DeliveryConsumer) {
      try {
        // With room for the next event, nothing more can be missing before it.
        consumer.tell(this.takeGap(this.taken));
      } catch (error) {
        report(error);
      }
    }
  }

  protected override lag(): void {
    if (this.#extras?.growing !== undefined || this.isMarked || this.isAsked) {
      this.requestTurn();
    }
    if (!this.isLagging) {
      // Set before logging: a logger that publishes must not be told again.
      this.isLagging = true;
      this.#host.stage.lags(this);
      this.#log(
        'warn',
        `begins to lag: ${this.waiting < this.capacity ? `${this.waiting} wait` : `its queue of ${this.waiting} is full`}`,
      );
    }
  }

  /** Writes when the present event, or hand-over, is through: a logger may read any count. */
  #log(level: 'info' | 'warn', what: string): void {
    this.#host.inOrder.run(() => {
      const { id, name } = this;
      // It may be written in a publish that has nothing to do with it.
      outOfContext(() => {
        this.#host.log(level, `receiver ${id}${name === undefined ? '' : ` (${name})`} ${what}`);
      });
    }, undefined);
  }

  #stopLagging(): void {
    this.isLagging = false;
    this.#host.stage.caughtUp(this);
  }

  /** Ends at once; `forget` drops what waits. */
  #leaveWith(forget: () => void): void {
    this.#host.stage.settle();
    // To be rid of what waits is not to catch up with it; to leave with an empty queue is.
    if (this.isLagging && this.waiting > 0) {
      this.#stopLagging();
    }
    this.parkedIn?.unpark(this);
    forget();
    if (this.isReplaying) {
      this.end('complete');
    }
    this.#host.release(this);
    this.servePulls();
    this.#noteConsumed();
    this.#announceEnd();
  }

  /** An observer of `lagged$` is told of the end in a turn, as of everything. */
  #announceEnd(): void {
    if (this.#extras?.growing !== undefined) {
      this.requestTurn();
    }
  }

  /** It has no slot, or never had one. */
  get #hasDeparted(): boolean {
    return this.hasEnded || this.#extras?.accounted !== undefined;
  }

  /** No event will come, and nobody waits for one. */
  get #isOver(): boolean {
    return this.hasEnded && !this.hasConsumer;
  }

  get #laggedNow(): number {
    return this.refused + (this.parkedIn?.refusedSince(this.parkedAt) ?? 0);
  }

  get #more(): Extras {
    return (this.#extras ??= {});
  }
}
