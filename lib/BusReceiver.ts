import { defer, distinctUntilChanged, Observable, of, startWith, Subject, type Subscriber } from 'rxjs';
import type { Log } from './internal/logging.js';
import { contained, type Ending, Mailbox } from './internal/Mailbox.js';
import type { Destination } from './internal/Router.js';
import type { Turns } from './internal/Turns.js';
import type { BusEvent } from './protocol/BusEvent.js';
import type { Event } from './protocol/Event.js';

/**
 * One subscriber's view of the bus: a bounded queue of the events that match its filter.
 *
 * ## Lagging
 *
 * It buffers from its making. When its queue is full, the arriving event is rejected and counted in `lagged`; what is
 * queued stays, and no other receiver notices.
 *
 * ## Closing
 *
 * `close` frees its slot on the bus at once, delivers what is queued, then completes. `[Symbol.dispose]`, and
 * unsubscribing from `events$`, leave at once: what is queued is forgotten, and not counted as lag.
 */
export interface BusReceiver<E = Event> extends Disposable {
  /** From 0, one for each receiver of a bus, never given twice. */
  readonly id: number;
  /**
   * The events, in the order of their publishing, handed over on the bus's scheduler.
   *
   * **Details** One consumer at a time. After the receiver's end it completes at once.
   *
   * **Errors** {@link ReceiverBusyError} for a second consumer; what the filter's predicate threw.
   *
   * **Gotchas** Unsubscribing ends the receiver. Use `share()` for more consumers.
   */
  readonly events$: Observable<BusEvent<E>>;
  /** Matching events rejected for want of room so far. Exact whenever it is read, and readable after the end. */
  readonly lagged: number;
  /** `lagged` now, then as it grows, on the bus's scheduler; ends with the final count. */
  readonly lagged$: Observable<number>;
  /** Drain, then complete. Again, it does nothing. */
  close(): void;
  /** Leave at once. */
  [Symbol.dispose](): void;
}

/** What the second concurrent consumer of a receiver gets. */
export class ReceiverBusyError extends Error {
  override readonly name = 'ReceiverBusyError';

  /** @param id The receiver's. */
  constructor(readonly id: number) {
    super(`receiver ${id} has a consumer already; share() its events$`);
  }
}

/** What a receiver needs of its bus. */
export interface Host<E> {
  readonly turns: Turns;
  readonly log: Log;
  /** Frees the slot of `receiver`, if it has one; then, when all that was published until now was offered, ends it. */
  release(receiver: Receiver<E>): void;
}

/**
 * The bus's end of a {@link BusReceiver}, and the handle itself.
 *
 * Invariants: it is told of its lag and of its end by nobody but its mailbox; `lagging` is true from the first refusal
 * until a turn has emptied the queue.
 */
export class Receiver<E> implements BusReceiver<E>, Destination<E> {
  readonly events$: Observable<BusEvent<E>>;
  readonly lagged$: Observable<number>;

  readonly #host: Host<E>;
  readonly #mailbox: Mailbox<BusEvent<E>>;
  /** Made for the first observer of `lagged$`. */
  #growing$: Subject<number> | undefined;
  #lagging = false;

  constructor(
    readonly id: number,
    capacity: number,
    host: Host<E>,
  ) {
    this.#host = host;
    this.#mailbox = new Mailbox(capacity, host.turns, () => {
      this.#afterTurn();
    });
    this.events$ = new Observable((subscriber) => {
      if (this.#mailbox.hasConsumer) {
        subscriber.error(new ReceiverBusyError(id));
        return;
      }
      this.#mailbox.attach(subscriber);
      subscriber.add(() => {
        this.#leave(subscriber);
      });
    });
    this.lagged$ = defer(() => (this.#mailbox.isOver ? of(this.lagged) : this.#growingCount()));
  }

  get lagged(): number {
    return this.#mailbox.lagged;
  }

  close(): void {
    this.#host.release(this);
  }

  [Symbol.dispose](): void {
    this.#leave();
  }

  offer(busEvent: BusEvent<E>): void {
    if (this.#mailbox.offer(busEvent)) {
      return;
    }
    if (this.#growing$ !== undefined) {
      this.#mailbox.requestTurn();
    }
    if (!this.#lagging) {
      // Set before logging: a logger that publishes must not be told again.
      this.#lagging = true;
      this.#host.log('warn', `receiver ${this.id} begins to lag: its queue of ${this.#mailbox.waiting} is full`);
    }
  }

  fail(error: unknown): void {
    this.end({ error });
    this.#host.release(this);
  }

  /** Takes no more events: what is queued is delivered, then the ending. */
  end(ending: Ending): void {
    this.#mailbox.end(ending);
    this.#announceEnd();
  }

  /** Ends at once: the `consumer` goes, or is told. What is queued is forgotten. */
  #leave(consumer?: Subscriber<BusEvent<E>>): void {
    // To be rid of what waits is not to catch up with it; to leave with an empty queue is.
    this.#lagging &&= this.#mailbox.waiting === 0;
    if (consumer === undefined) {
      this.#mailbox.discard();
    } else {
      this.#mailbox.detach(consumer);
    }
    this.#host.release(this);
    this.#announceEnd();
  }

  /** An observer of `lagged$` is told of the end in a turn, as of everything. */
  #announceEnd(): void {
    if (this.#growing$ !== undefined) {
      this.#mailbox.requestTurn();
    }
  }

  #growingCount(): Observable<number> {
    this.#growing$ ??= new Subject();
    return this.#growing$.pipe(startWith(this.lagged), distinctUntilChanged());
  }

  #afterTurn(): void {
    if (this.#lagging && this.#mailbox.waiting === 0) {
      this.#lagging = false;
      this.#host.log('info', `receiver ${this.id} has caught up; lagged: ${this.lagged}`);
    }
    const growing$ = this.#growing$;
    if (growing$ === undefined) {
      return;
    }
    const tell = (): void => {
      contained(() => {
        growing$.next(this.lagged);
      });
    };
    tell();
    if (this.#mailbox.isOver) {
      this.#growing$ = undefined;
      // An observer may have caused more since it was told.
      tell();
      growing$.complete();
    }
  }
}
