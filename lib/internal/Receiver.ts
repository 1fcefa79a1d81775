import { defer, distinctUntilChanged, type Observable, type Observer, of, startWith, Subject } from 'rxjs';
import { type BusReceiver, ReceiverBusyError } from '../BusReceiver.js';
import type { BusEvent } from '../protocol/BusEvent.js';
import { HandOver } from './HandOver.js';
import { DirectConsumer, type Seat } from './DirectConsumer.js';
import type { InOrder } from './InOrder.js';
import type { Listing } from './Listing.js';
import type { Log } from './logging.js';
import { type Ending, Mailbox, report } from './Mailbox.js';
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
  /** Frees the slot of `receiver`, if it has one; then, when all that was published until now was offered, ends it. */
  release(receiver: Receiver<E>): void;
}

/**
 * The bus's end of a {@link BusReceiver}, and the handle itself.
 *
 * Invariants: `isLagging` is true from the first refusal until a turn has emptied the mailbox. It is parked only while it lags
 * and nobody observes `lagged$`.
 */
export class Receiver<E> extends Mailbox<BusEvent<E>> implements BusReceiver<E>, Staged<E>, Seat<BusEvent<E>> {
  readonly id: number;
  isLagging = false;
  router: Router<E> | undefined;
  listed: RoutingKey | readonly Route<E>[] | undefined;
  place = 0;
  parkedIn: Listing<E> | undefined;
  parkedAt = 0;

  readonly #host: Host<E>;
  /** The run of the burst on the {@link Stage.lent} that waits, from `next` to before `end`; it goes before the queue. */
  #next = 0;
  #end = 0;
  /** The function of a consumer that has no more than that: to fetch it from there takes longer than to call it. */
  #handler: ((busEvent: BusEvent<E>) => void) | undefined;
  #events$: Observable<BusEvent<E>> | undefined;
  #lagged$: Observable<number> | undefined;
  /** Made for the first observer of `lagged$`. */
  #growing$: Subject<number> | undefined;

  constructor(id: number, capacity: number, host: Host<E>) {
    super(capacity, host.stage);
    this.id = id;
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

  override get waiting(): number {
    return this.#end - this.#next + this.queued;
  }

  close(): void {
    this.#host.release(this);
  }

  [Symbol.dispose](): void {
    this.#leaveWith(() => {
      this.discard();
    });
  }

  serve(consumer: Observer<BusEvent<E>>): void {
    this.#host.stage.settle();
    if (this.hasConsumer) {
      consumer.error(new ReceiverBusyError(this.id));
    } else {
      this.#handler = consumer instanceof DirectConsumer ? consumer.next : undefined;
      this.attach(consumer);
    }
  }

  leave(consumer: Observer<BusEvent<E>>): void {
    if (this.#handler === consumer.next) {
      this.#handler = undefined;
    }
    if (this.serves(consumer)) {
      this.#leaveWith(() => {
        this.detach(consumer);
      });
    }
  }

  offerRun(burst: Burst<E>, from: number, to: number): this | undefined {
    const { events, lent } = burst;
    if (this.hasEnded) {
      return undefined;
    }
    if (lent && this.hasConsumer && to - from <= this.capacity && this.waiting === 0) {
      this.#next = from;
      this.#end = to;
      this.requestTurn();
      return undefined;
    }
    for (let at = from; at < to; at += 1) {
      if (!this.offer(events[at] as BusEvent<E>)) {
        this.countRefused(to - at - 1);
        this.#lag();
        return this;
      }
    }
    this.#host.stage.keeps(this);
    return undefined;
  }

  get mayPark(): boolean {
    return this.isLagging && this.waiting === this.capacity && this.#growing$ === undefined && !this.hasEnded;
  }

  countRefused(count: number): void {
    this.refused += count;
  }

  fail(error: unknown): void {
    this.end({ error });
    this.#host.release(this);
  }

  override discard(): void {
    this.#next = this.#end;
    super.discard();
  }

  override end(ending: Ending): void {
    super.end(ending);
    this.#announceEnd();
  }

  protected override afterTurn(): void {
    if (this.isLagging && this.waiting === 0) {
      this.#stopLagging();
      this.#log('info', `receiver ${this.id} has caught up; lagged: ${this.#laggedNow}`);
    }
    if (this.#growing$ !== undefined) {
      this.#tellGrowth(this.#growing$);
    }
  }

  protected override deliver(consumer: Observer<BusEvent<E>>, queued: number): void {
    this.parkedIn?.unpark(this);
    const { lent } = this.#host.stage;
    const handler = this.#handler;
    while (this.#next < this.#end) {
      try {
        // A consumer that leaves, or is left, in the midst of it has emptied the mailbox.
        while (this.#next < this.#end) {
          const busEvent = lent[this.#next] as BusEvent<E>;
          // Move on before calling: a publish from within the consumer must see the freed place.
          this.#next += 1;
          if (handler === undefined) {
            consumer.next(busEvent);
          } else {
            handler(busEvent);
          }
        }
      } catch (error) {
        report(error);
      }
    }
    if (queued > 0) {
      super.deliver(consumer, queued);
    }
  }

  #lag(): void {
    if (this.#growing$ !== undefined) {
      this.requestTurn();
    }
    if (!this.isLagging) {
      // Set before logging: a logger that publishes must not be told again.
      this.isLagging = true;
      this.#host.stage.lags(this);
      this.#log('warn', `receiver ${this.id} begins to lag: its queue of ${this.waiting} is full`);
    }
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
