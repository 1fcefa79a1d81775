import { defer, distinctUntilChanged, type Observable, type Observer, of, startWith, Subject } from 'rxjs';
import { type BusReceiver, ReceiverBusyError, type ReceiverOptions, SlowConsumerError } from '../BusReceiver.js';
import type { BusEvent } from '../protocol/BusEvent.js';
import { type EventFilter, passes } from '../protocol/EventFilter.js';
import type { BoundedQueue } from './BoundedQueue.js';
import { BurstMailbox, type BurstMailboxOptions } from './BurstMailbox.js';
import { DirectConsumer, type Seat } from './DirectConsumer.js';
import { HandOver } from './HandOver.js';
import type { InOrder } from './InOrder.js';
import type { Listing } from './Listing.js';
import type { Log } from './logging.js';
import { type Ending, report } from './Mailbox.js';
import { Marks, type Wait } from './Marks.js';
import { iteratorOver, streamOver } from './pullOver.js';
import { onAbort } from './onAbort.js';
import { Pulls } from './Pulls.js';
import type { Route } from './Route.js';
import type { Router } from './Router.js';
import type { RoutingKey } from './routingKeys.js';
import type { Stage, Staged } from './Stage.js';
import type { Burst } from './Target.js';

/** What a receiver needs of its bus. */
export interface Host<E> {
  readonly stage: Stage<E>;
  readonly inOrder: InOrder;
  readonly log: Log;
  /** Those that have ended, and still hand over what waits. */
  readonly draining: Set<Receiver<E>>;
  /** Frees the slot of `receiver`, if it has one; then, when all that was published until now was offered, ends it. */
  release(receiver: Receiver<E>): void;
}

/** What a receiver is made with, checked. */
export type ReceiverSettings<E> = ReceiverOptions<E> & BurstMailboxOptions<E>;

/**
 * The bus's end of a {@link BusReceiver}, and the handle itself.
 *
 * Invariants: `isLagging` is true from the first refusal until a turn has emptied the mailbox. It is parked only while it lags
 * and nobody observes `lagged$`.
 */
export class Receiver<E> extends BurstMailbox<E> implements BusReceiver<E>, Staged<E>, Seat<BusEvent<E>> {
  readonly id: number;
  readonly name: string | undefined;
  isLagging = false;
  router: Router<E> | undefined;
  listed: RoutingKey | readonly Route<E>[] | undefined;
  place = 0;
  parkedIn: Listing<E> | undefined;
  parkedAt = 0;

  readonly #host: Host<E>;
  #events$: Observable<BusEvent<E>> | undefined;
  #lagged$: Observable<number> | undefined;
  /** Made for the first observer of `lagged$`. */
  #growing$: Subject<number> | undefined;
  /** Made for the first one who asks for an event that is not there. */
  #pulls: Pulls<BusEvent<E>> | undefined;
  /** Made for the first one who waits until events are consumed. */
  #marks: Marks | undefined;
  /** Gives back the listener at a signal, where there is one. */
  #ignoreSignal: (() => void) | undefined;

  constructor(id: number, settings: ReceiverSettings<E>, host: Host<E>) {
    super(host.stage, settings);
    this.id = id;
    this.name = settings.name;
    this.#host = host;
  }

  get events$(): Observable<BusEvent<E>> {
    return (this.#events$ ??= new HandOver<BusEvent<E>>(this));
  }

  get lagged$(): Observable<number> {
    return (this.#lagged$ ??= defer(() => (this.#isOver ? of(this.lagged) : this.#growingCount())));
  }

  get lagged(): number {
    this.#host.stage.settle();
    return this.#laggedNow;
  }

  close(): void {
    this.#host.release(this);
  }

  [Symbol.dispose](): void {
    this.#leaveWith(() => {
      this.discard();
    });
  }

  [Symbol.asyncDispose](): Promise<void> {
    this[Symbol.dispose]();
    return Promise.resolve();
  }

  /** Leaves at once when `signal` is aborted. */
  leaveOn(signal: AbortSignal | undefined): void {
    if (signal !== undefined) {
      // A signal may live longer than anybody who holds the receiver.
      const ref = new WeakRef(this);
      this.#ignoreSignal = onAbort(signal, () => {
        ref.deref()?.[Symbol.dispose]();
      });
    }
  }

  recv(): Promise<BusEvent<E> | undefined> {
    if (this.hasConsumer) {
      return Promise.reject(new ReceiverBusyError(this.id));
    }
    this.#host.stage.settle();
    this.#pulls ??= new Pulls();
    const pulled = this.#pulls.ask();
    this.#servePulls();
    return pulled;
  }

  [Symbol.asyncIterator](): AsyncIterableIterator<BusEvent<E>> {
    return iteratorOver<BusEvent<E>>(this);
  }

  toReadableStream(): ReadableStream<BusEvent<E>> {
    return streamOver<BusEvent<E>>(this);
  }

  /** The wait until the events that wait now and match `filter` are consumed, or forgotten, if there are any. */
  consumed(filter: EventFilter<E>): Wait | undefined {
    if (this.hasEnded && !this.hasConsumer) {
      return undefined;
    }
    const { waiting } = this;
    for (let index = waiting - 1; index >= 0; index -= 1) {
      if (passes(filter, this.peek(index))) {
        this.#marks ??= new Marks();
        return this.#marks.reached(this.taken - waiting + index + 1);
      }
    }
    return undefined;
  }

  serve(consumer: Observer<BusEvent<E>>): void {
    this.#host.stage.settle();
    if (this.hasConsumer || this.#isAsked) {
      consumer.error(new ReceiverBusyError(this.id));
    } else {
      this.handler = consumer instanceof DirectConsumer ? consumer.next : undefined;
      this.attach(consumer);
      this.#noteDraining();
    }
  }

  leave(consumer: Observer<BusEvent<E>>): void {
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
    for (let at = from; at < to; at += 1) {
      if (!this.#put(burst.events[at] as BusEvent<E>)) {
        this.countRefused(to - at - 1);
        this.#lag();
        return this;
      }
    }
    if (this.#isAsked) {
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
      this.#growing$ === undefined &&
      !this.hasEnded
    );
  }

  countRefused(count: number): void {
    this.refused += count;
  }

  override fail(error: unknown): void {
    this.end({ error });
    this.#host.release(this);
  }

  override end(ending: Ending): void {
    super.end(ending);
    if (this.#isAsked) {
      this.requestTurn();
    }
    this.#noteDraining();
    if (!this.hasConsumer) {
      // Nobody can be waited for.
      this.#marks?.passed(Infinity);
      if (this.waiting === 0) {
        this.#ignoreSignal?.();
      }
    }
    this.#announceEnd();
  }

  protected override afterTurn(): void {
    this.#servePulls();
    this.#tellConsumed();
    if (this.isLagging && this.waiting === 0) {
      this.#stopLagging();
      this.#log('info', `${this.#title} has caught up; lagged: ${this.#laggedNow}`);
    }
    if (this.#growing$ !== undefined) {
      this.#tellGrowth(this.#growing$);
    }
  }

  /** Whether somebody has asked for an event that is not there. */
  get #isAsked(): boolean {
    return this.#pulls !== undefined && this.#pulls.size > 0;
  }

  /** Takes `busEvent` and returns true, or loses it or another one. */
  #put(busEvent: BusEvent<E>): boolean {
    const isTaken = this.keep(busEvent);
    if (!isTaken && this.oldestAge !== undefined) {
      this.fail(new SlowConsumerError(this.id, this.waiting, this.refused, this.oldestAge));
    }
    return isTaken;
  }

  /** One that has ended and still has a consumer is waited for by a flush, though it has no slot. */
  #noteDraining(): void {
    if (this.hasEnded && this.hasConsumer) {
      this.#host.draining.add(this);
    }
  }

  /** Tells those who wait for it how many events were consumed, or forgotten. */
  #tellConsumed(): void {
    this.#marks?.passed(this.taken - this.waiting);
    if (this.hasEnded && this.waiting === 0) {
      this.#host.draining.delete(this);
      this.#ignoreSignal?.();
    }
  }

  /** Gives what waits to those who have asked; when nothing will come, tells them. */
  #servePulls(): void {
    const pulls = this.#pulls;
    if (pulls === undefined || pulls.size === 0) {
      return;
    }
    this.parkedIn?.unpark(this);
    while (pulls.size > 0 && this.waiting > 0) {
      pulls.give((this.queue as BoundedQueue<BusEvent<E>>).shift());
    }
    while (pulls.size > 0 && this.ending !== undefined) {
      if (this.ending === 'complete') {
        pulls.give(undefined);
      } else {
        pulls.refuse(this.ending.error);
        // An error is told once.
        this.ending = 'complete';
      }
    }
    if (this.isLagging || this.#marks !== undefined) {
      // The rest is told in a turn.
      this.requestTurn();
    }
  }

  protected override deliver(consumer: Observer<BusEvent<E>>, queued: number): void {
    this.parkedIn?.unpark(this);
    super.deliver(consumer, queued);
  }

  #lag(): void {
    if (this.#growing$ !== undefined || this.#marks !== undefined) {
      this.requestTurn();
    }
    if (!this.isLagging) {
      // Set before logging: a logger that publishes must not be told again.
      this.isLagging = true;
      this.#host.stage.lags(this);
      this.#log(
        'warn',
        `${this.#title} begins to lag: ${this.waiting < this.capacity ? `${this.waiting} wait` : `its queue of ${this.waiting} is full`}`,
      );
    }
  }

  get #title(): string {
    return this.name === undefined ? `receiver ${this.id}` : `receiver ${this.id} (${this.name})`;
  }

  /** Writes when the present event, or hand-over, is through: a logger may read any count. */
  #log(level: 'info' | 'warn', line: string): void {
    this.#host.inOrder.run(() => {
      this.#host.log(level, line);
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
    this.#host.release(this);
    this.#servePulls();
    this.#tellConsumed();
    this.#announceEnd();
  }

  /** An observer of `lagged$` is told of the end in a turn, as of everything. */
  #announceEnd(): void {
    if (this.#growing$ !== undefined) {
      this.requestTurn();
    }
  }

  /** No event will come, and nobody waits for one. */
  get #isOver(): boolean {
    return this.hasEnded && !this.hasConsumer;
  }

  get #laggedNow(): number {
    return this.refused + (this.parkedIn?.refusedSince(this.parkedAt) ?? 0);
  }

  #growingCount(): Observable<number> {
    this.#host.stage.settle();
    this.parkedIn?.unpark(this);
    this.#growing$ ??= new Subject();
    return this.#growing$.pipe(startWith(this.lagged), distinctUntilChanged());
  }

  #tellGrowth(growing$: Subject<number>): void {
    const tell = (): void => {
      try {
        growing$.next(this.#laggedNow);
      } catch (error) {
        report(error);
      }
    };
    tell();
    if (this.#isOver) {
      this.#growing$ = undefined;
      // An observer may have caused more since it was told.
      tell();
      growing$.complete();
    }
  }
}
