import type { InteropObservable, Observable } from 'rxjs';
import type { BusEvent } from './events/BusEvent.js';
import type { Event } from './events/Event.js';

// The parts of the platform that the public types mention; browsers and Node have them. Without the types of a platform, these
// declarations stand in for them. With them, TypeScript merges both.
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
  /**
   * Cancels the call when it is aborted: the promise rejects with the signal's reason, and nothing is taken. Default: none, the call waits
   * without limit.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The result of `tryRecv`: what it took, or the reason why it took nothing.
 *
 * - `empty`: nothing waits now, but something may come later.
 * - `completed`: the receiver has completed. Nothing more will come.
 * - `failed`: the receiver has ended with `error`. This is returned once; later calls return `completed`.
 *
 * @typeParam D What a call takes: an {@link EventDelivery}, or a {@link Delivery}.
 */
export type TryRecv<D> =
  | D
  | { readonly type: 'empty' }
  | { readonly type: 'completed' }
  | { readonly type: 'failed'; readonly error: unknown };

/** Gets one value by {@link PulledDeliveries.take}, or how the receiver has ended. One of its methods is called, once. */
export interface Taker<T> {
  /** Called with the value. */
  next(value: T): void;
  /** Called when the receiver has completed. */
  complete(): void;
  /** Called with the error that `recv` would reject with. */
  error(error: unknown): void;
}

/**
 * A source that you read one value at a time, at your own pace. RxJS's `from(source)` observes it instead, as `events$` or `deliveries$`.
 *
 * @typeParam T The values, as `recv`, the iterator and the stream give them.
 * @typeParam D The same values, as `tryRecv` gives them.
 */
export interface Pullable<T, D = T> extends AsyncIterable<T>, InteropObservable<T> {
  /**
   * Takes the next value. If nothing waits, the promise resolves when a value arrives.
   *
   * **Errors** Rejects as {@link BusReceiver.recv} does.
   *
   * @returns The value. `undefined` means that the receiver has completed.
   */
  recv(options?: RecvOptions): Promise<T | undefined>;
  /**
   * Takes the next value if one waits now. It never waits.
   *
   * **Errors** Throws {@link ReceiverBusyError} while there is another consumer.
   */
  tryRecv(): TryRecv<D>;
  /** Iterates over the values. Leaving the loop, by `break`, `return` or an error, disposes the receiver. */
  [Symbol.asyncIterator](): AsyncIterableIterator<T>;
  /**
   * Returns a web stream of the values. The stream has no buffer of its own. Cancelling it disposes the receiver.
   *
   * **Gotchas** RxJS's `from(stream)` does not cancel it before the next value, which is then counted as delivered and seen by nobody. Use
   * `from(receiver)`.
   */
  toReadableStream(): ReadableStream<T>;
}

/** The deliveries of a receiver, read one at a time. */
export interface PulledDeliveries<E = Event> extends Pullable<Delivery<E>> {
  /**
   * Takes the next delivery as `recv` does, without a promise: it calls a method of `taker`, on the bus's scheduler. For code that reads many
   * receivers, such as a server. What the method throws is reported as an unhandled error.
   *
   * **Gotchas** If there is another consumer, `taker.error` is called at once.
   */
  take(taker: Taker<Delivery<E>>): void;
}

/**
 * One subscriber's view of the bus: a bounded queue of the events that match its filter.
 *
 * ## Lagging
 *
 * Matching events are queued from the moment the receiver is created, before anything consumes them. When the queue is full, the arriving
 * event is rejected and counted in `lagged`. Queued events stay, and no other receiver is affected. The option `overflow` selects another
 * policy.
 *
 * ## Closing
 *
 * `close` takes the receiver off the bus at once, so that it gets no new events. Queued events are still delivered, then it completes.
 * `dispose`, and unsubscribing from `events$`, also discard the queued events. These are not counted in `lagged`.
 */
export interface BusReceiver<E = Event> extends Disposable, AsyncDisposable, Pullable<BusEvent<E>, EventDelivery<E>> {
  /** Identifies the receiver on its bus. The first receiver has 0, each later one the next integer; ids are never reused. */
  readonly id: number;
  /** The `name` from its options. Log lines show it. */
  readonly name: string | undefined;
  /**
   * The events, in the order in which they were published. Handlers are called on the bus's scheduler.
   *
   * **Details** A receiver has one consumer at a time. After the receiver has ended, a new subscription completes at once; if an earlier
   * subscription has ended it, the bus's logger gets one warning. With zone.js, handlers run in the zone that was current at `subscribe`.
   * They run outside of every `AsyncLocalStorage` context. RxJS's `from(receiver)` is the same.
   *
   * **Errors** {@link ReceiverBusyError} for a second concurrent consumer. What the filter's predicate threw, or another error that ended
   * the receiver, such as {@link SlowConsumerError}; queued events are delivered first.
   *
   * **Gotchas** Unsubscribing disposes the receiver. To have several consumers, use `share()`. To subscribe again later, as a template
   * does, use `bus.stream()`.
   */
  readonly events$: Observable<BusEvent<E>>;
  /** Number of matching events that this receiver has lost so far; its `overflow` says which. Exact when read, also after the end. */
  readonly lagged: number;
  /**
   * Emits `lagged` at once, then, on the bus's scheduler, its new value after it has grown; several losses may give one emission. Emits the
   * final count when the receiver ends, then completes.
   */
  readonly lagged$: Observable<number>;
  /**
   * The events, with a {@link Gap} wherever events are missing: right before the event that followed the loss, or before the end.
   *
   * **Details** It takes the place of `events$`, under the same rules. The gaps add up to `lagged` and `missed`. They take no room in
   * the queue. Losses are recorded from the moment the receiver is created; subscribing to `events$` discards the record.
   */
  readonly deliveries$: Observable<Delivery<E>>;
  /** `deliveries$` for pulling: `deliveries.recv()`, or `for await (const delivery of receiver.deliveries)`. */
  readonly deliveries: PulledDeliveries<E>;
  /**
   * Number of events after the option `from` that the history did not have when the receiver started: already dropped, or too large to
   * keep. Exact for the filter `all`. For any other filter it may be an upper bound; then a gap in `deliveries` has `atMost`.
   * `Infinity` if `from` is of another bus. 0 if the receiver starts `'now'`.
   */
  readonly missed: number;
  /**
   * The place in the history that this receiver has reached. Another receiver that starts `from` there continues where this one is.
   *
   * **Details** It is right before the next event, or before the gap if a gap is next in `deliveries`: the lost events may still be in the
   * history. A subscriber of `events$` gets no gaps, so its position goes past lost events. With `overflow: 'latest'` it is before the
   * oldest event that waits, so some events may come again. After the end it no longer changes. `undefined` on a bus without a history or an upstream.
   */
  readonly position: BusPosition | undefined;
  /**
   * Emits once and completes, on the bus's scheduler, when the receiver has left the bus: it was closed or disposed, it failed, or the
   * bus was closed. Queued events can still be taken, unless it was disposed.
   */
  readonly closed$: Observable<void>;
  /**
   * Takes the next event. If none waits, the promise resolves when one arrives. Use it for slow consumers: events wait only in the
   * receiver's own queue.
   *
   * **Details** Overlapping calls are served in their order. `for await (const busEvent of receiver)` and `toReadableStream()` take events
   * in the same way. Each is then the only consumer, and disposes the receiver when it ends.
   *
   * **Gotchas** A call takes an event even if you no longer wait for its promise. To wait for a limited time, pass a signal:
   *
   * ```ts
   * const busEvent = await receiver.recv({ signal: AbortSignal.timeout(1_000) }); // rejects with a TimeoutError after a second
   * ```
   *
   * **Errors** Rejects with {@link ReceiverBusyError} while there is another consumer; with the signal's reason when that is aborted; with
   * `TypeError` if an option has the wrong type or is unknown; and once with the error that ended the receiver, such as what the filter's
   * predicate threw.
   *
   * @returns The event. `undefined` means that the receiver has completed.
   */
  recv(options?: RecvOptions): Promise<BusEvent<E> | undefined>;
  /**
   * Takes the next event if one waits now. It never waits. While a `recv` call waits, the result is `empty`.
   *
   * **Errors** Throws {@link ReceiverBusyError} while there is another consumer.
   *
   * @example
   * ```ts
   * for (let next = receiver.tryRecv(); next.type === 'event'; next = receiver.tryRecv()) {
   *   write(next.event);
   * }
   * ```
   *
   * @see The counterpart in Rust is `try_recv` of tokio's channels.
   */
  tryRecv(): TryRecv<EventDelivery<E>>;
  /** Takes no new events, delivers what is queued, then completes. Calling it again has no effect. */
  close(): void;
  /** Ends the receiver at once and discards what is queued. A consumer that is still there gets its completion. */
  dispose(): void;
  /** Same as `dispose`, in engines that have this symbol. */
  [Symbol.dispose](): void;
  /** Same as `dispose`, in engines that have this symbol. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** A place in the sequence of all events of one bus: right after the event with the number `seq`. */
export interface BusPosition {
  /** Identifies what numbered the events. Each `SharingBus` object has an epoch of its own; with an upstream, it has that of the upstream. */
  readonly epoch: string;
  /** The number of an event. The first event has 1; 0 is the place before all events. */
  readonly seq: number;
}

/**
 * The error that ends a receiver which is too slow for its option `overflow: 'evict'` or `stallAfterMs`. Queued events are delivered first.
 */
export class SlowConsumerError extends Error {
  override readonly name = 'SlowConsumerError';

  /**
   * @param id The receiver's id.
   * @param pending Number of events that waited.
   * @param lagged The receiver's `lagged`.
   * @param oldestAgeMs How long the oldest of them had waited, in milliseconds on the bus's scheduler.
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

/** The error for a second concurrent consumer of a receiver. The first consumer is not affected. */
export class ReceiverBusyError extends Error {
  override readonly name = 'ReceiverBusyError';

  /** @param id The receiver's id. */
  constructor(readonly id: number) {
    super(`receiver ${id} already has a consumer; create one receiver for each, or share() its events$`);
  }
}

/**
 * Rejects a `flush` or `connect` that a `consume` function has called and that would wait for the receiver of that same `consume`. The
 * receiver takes no further event before `consume` has finished, so both would wait forever.
 */
export class DeadlockError extends Error {
  override readonly name = 'DeadlockError';

  /**
   * @param call The method that was called.
   * @param id The receiver's id.
   * @param receiverName The `name` from the receiver's options.
   */
  constructor(
    call: 'flush' | 'connect',
    readonly id: number,
    receiverName: string | undefined,
  ) {
    const receiver = `receiver ${id}${receiverName === undefined ? '' : ` (${receiverName})`}`;
    super(
      `${call}: ${receiver} would wait for itself: its consume made this call while more events wait; ` +
        'name the receivers to wait for in waitFor, or do not wait in consume',
    );
  }
}

/** An event, as {@link BusReceiver.deliveries$}, `deliveries` and `tryRecv` give it. */
export interface EventDelivery<E = Event> {
  readonly type: 'event';
  readonly event: BusEvent<E>;
}

/** Events that are missing at this place among a receiver's deliveries. */
export interface Gap {
  readonly type: 'gap';
  /** Number of missing events. Over the life of a receiver, its gaps add up to its `lagged` plus its `missed`. */
  readonly missed: number;
  /** Number of missing events of each kind. `*` counts those of unknown kind, and those beyond the first 64 kinds of a gap. */
  readonly byKind: Readonly<Record<string, number>>;
  /**
   * Present if the filter could not be applied to all of the missing events. Then `missed` is an upper bound, and `Infinity` if not even
   * the number of events is known.
   */
  readonly atMost?: true;
}

/** What a receiver delivers: an event, or a gap where events are missing. */
export type Delivery<E = Event> = EventDelivery<E> | Gap;
