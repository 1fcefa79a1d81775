import type { Observable } from 'rxjs';
import type { BusEvent } from './events/BusEvent.js';
import type { Event } from './events/Event.js';

// What the library takes from any platform that has it, browsers and Node among them. Where no types of a platform are
// there, these stand in for them; where they are, they are merged into them.
declare global {
  interface AbortSignal {
    readonly aborted: boolean;
  }
  interface ReadableStream<R> {
    readonly locked: boolean;
  }
}

/** Options of `recv`. */
export interface RecvOptions {
  /** Gives the call up: it rejects with the signal's reason, and takes nothing. Default: it waits until something comes. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * What `tryRecv` answers: what was taken, or why nothing was. `empty`: nothing waits now. `completed`: nothing will come. `failed`: the
 * receiver has ended with `error`, which is told once.
 *
 * @typeParam D What is taken: an {@link EventDelivery}, or a {@link Delivery}.
 */
export type TryRecv<D> =
  | D
  | { readonly type: 'empty' }
  | { readonly type: 'completed' }
  | { readonly type: 'failed'; readonly error: unknown };

/**
 * What can be taken one at a time, at the consumer's own pace.
 *
 * @typeParam T What is taken.
 * @typeParam D How `tryRecv` tells it.
 */
export interface Pullable<T, D = T> extends AsyncIterable<T> {
  /**
   * Takes the next one, when there is one.
   *
   * @returns `undefined` when nothing will come.
   */
  recv(options?: RecvOptions): Promise<T | undefined>;
  /**
   * Takes the next one, if it is there now.
   *
   * **Errors** Throws {@link ReceiverBusyError} while there is another consumer.
   */
  tryRecv(): TryRecv<D>;
  /** Takes one by one; leaving the loop leaves the receiver at once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
  /** A web stream, which keeps nothing of its own. Cancelling it leaves the receiver at once. */
  toReadableStream(): ReadableStream<T>;
}

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
 * `close` frees its slot on the bus at once, delivers what is queued, then completes. `dispose`, and
 * unsubscribing from `events$`, leave at once: what is queued is forgotten, and not counted as lag.
 */
export interface BusReceiver<E = Event> extends Disposable, AsyncDisposable, Pullable<BusEvent<E>, EventDelivery<E>> {
  /** From 0, one for each receiver of a bus, never given twice. */
  readonly id: number;
  /** What it was called in its options; its log lines show it. */
  readonly name: string | undefined;
  /**
   * The events, in the order of their publishing, handed over on the bus's scheduler.
   *
   * **Details** One consumer at a time. After the receiver's end it completes at once. Handlers are called in the zone of the
   * subscriber, where there is zone.js, and outside of the context of any `AsyncLocalStorage`.
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
  /**
   * `events$`, and between the events each loss in its place: right before the event that followed it.
   *
   * **Details** In the place of `events$`, and under the same rules. The gaps add up to `lagged`, take no room in the queue,
   * and are recorded from the receiver's making on; `events$` gives the record up.
   */
  readonly deliveries$: Observable<Delivery<E>>;
  /** The same view, to be pulled: `deliveries.recv()`, `for await (const delivery of receiver.deliveries)`. */
  readonly deliveries: Pullable<Delivery<E>>;
  /**
   * Events that it was to start with, and that the bus did not retain, or no longer. At most so many where nobody knows how many of them its
   * filter would have let through, and `Infinity` where not even that is known. 0 for one that starts now.
   */
  readonly missed: number;
  /**
   * The place up to which this receiver's events were taken: another one that starts `from` there goes on where this one is.
   *
   * **Details** It is right before the next event, or before the gap, if one is next in `deliveries`: what was lost there may still be in the history.
   * After the end it stays where it was. `undefined` on a bus without a history.
   */
  readonly position: BusPosition | undefined;
  /**
   * Emits once and completes, on the bus's scheduler, when the receiver has left the bus: it was closed or disposed, it failed, or the
   * bus was closed. What waits can still be taken.
   */
  readonly closed$: Observable<void>;
  /**
   * Takes one event, when there is one: the slow consumer's way. Nothing is buffered but in the receiver's own queue.
   *
   * **Details** Calls that overlap are served in their order. `for await (const busEvent of receiver)` and
   * `toReadableStream()` take events in the same way, each as the only consumer, and leave the receiver when they end.
   *
   * **Gotchas** A call that nobody waits for any more still takes an event. To wait for a limited time, give a signal:
   *
   * ```ts
   * const busEvent = await receiver.recv({ signal: AbortSignal.timeout(1_000) }); // rejects with a TimeoutError after a second
   * ```
   *
   * **Errors** Rejects with {@link ReceiverBusyError} while there is another consumer, once with what the filter's
   * predicate threw, with the signal's reason, and with `TypeError` for a bad or an unknown option.
   *
   * @returns The event, or `undefined` when the receiver has completed.
   */
  recv(options?: RecvOptions): Promise<BusEvent<E> | undefined>;
  /**
   * Takes one event, if one waits now, as tokio's `try_recv`.
   *
   * **Errors** Throws {@link ReceiverBusyError} while there is another consumer.
   *
   * @example
   * ```ts
   * for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
   *   write(next.event);
   * }
   * ```
   */
  tryRecv(): TryRecv<EventDelivery<E>>;
  /** Drain, then complete. Again, it does nothing. */
  close(): void;
  /** Leave at once. */
  dispose(): void;
  /** The same, where the engine has the symbol. */
  [Symbol.dispose](): void;
  /** The same, where the engine has the symbol. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The place of an event among all of a bus's life. */
export interface BusPosition {
  /** The life of the bus: another one has another epoch. */
  readonly epoch: string;
  /** The number of the event, from 1; 0: before all of them. */
  readonly seq: number;
}

/** What a receiver ends with whose options say `evict` or `stallAfterMs`, after what waited. */
export class SlowConsumerError extends Error {
  override readonly name = 'SlowConsumerError';

  /**
   * @param id The receiver's.
   * @param pending Events that waited.
   * @param lagged Its count.
   * @param oldestAgeMs For how long the oldest of them had waited, on the bus's scheduler.
   */
  constructor(
    readonly id: number,
    readonly pending: number,
    readonly lagged: number,
    readonly oldestAgeMs: number,
  ) {
    super(`receiver ${id} was too slow: ${pending} events waited, the oldest for ${oldestAgeMs} ms`);
  }
}

/** What the second concurrent consumer of a receiver gets. */
export class ReceiverBusyError extends Error {
  override readonly name = 'ReceiverBusyError';

  /** @param id The receiver's. */
  constructor(readonly id: number) {
    super(`receiver ${id} has a consumer already; make one receiver for each, or share() its events$`);
  }
}

/**
 * What a `flush` or `connect` rejects with that a `consume` has called, where it would wait for the receiver of that `consume`: that one
 * takes no event before `consume` is through.
 */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';

  /**
   * @param call What was called.
   * @param id The receiver's.
   * @param receiverName What it was called in its options.
   */
  constructor(
    call: 'flush' | 'connect',
    readonly id: number,
    receiverName: string | undefined,
  ) {
    const receiver = `receiver ${id}${receiverName === undefined ? '' : ` (${receiverName})`}`;
    super(
      `${call}: ${receiver} would wait for itself: its consume called this, and events wait behind the one in hand; ` +
        'name the receivers to wait for in waitFor, or do not wait in consume',
    );
  }
}

/** An event, in its place among what a receiver got and lost. */
export interface EventDelivery<E = Event> {
  readonly type: 'event';
  readonly event: BusEvent<E>;
}

/** Events that a receiver lost, told in the place where they are missing. */
export interface Gap {
  readonly type: 'gap';
  /** How many: over the life of a receiver, the gaps add up to its `lagged` and `missed`. */
  readonly missed: number;
  /** How many of each kind. Under `*`, those of kinds beyond the 64th of a gap, and those that nobody knows the kind of. */
  readonly byKind: Readonly<Record<string, number>>;
  /**
   * Set where nobody knows how many of them the filter would have let through: then it is at most `missed`, which is `Infinity` where
   * not even that is known.
   */
  readonly atMost?: true;
}

/** What a receiver got, or that something is missing here. */
export type Delivery<E = Event> = EventDelivery<E> | Gap;
