import type { InteropObservable, Observable, ObservableInput, Observer, SchedulerLike } from 'rxjs';
import type { BusEvent, EventKind, ScrollBinding } from './events/BusEvent.js';
import type { Event } from './events/Event.js';
import type { Logger } from './internal/support/logging.js';
import type { OptionNames } from './internal/support/require.js';
import type { BusPosition, BusReceiver, RecvOptions } from './receiver.js';
import type { Upstream } from './upstream.js';

// Every type of options of the main entry, each followed by the names that a call checks what it was given against.
// `RecvOptions` alone is in receiver.ts, since the interface of a receiver mentions it.

/** Options of {@link lateBindScrollId}, and of a bus, which uses that operator. */
export interface LateBindOptions<E = Event> {
  /** Returns the binding that a payload registers, or `undefined`. It must answer at once. Default: reads `SessionRegistered`. */
  readonly bindingOf?: ((event: E) => ScrollBinding | undefined) | undefined;
  /** The most bindings to remember, 1 to 2^31 - 1; the least recently used one is forgotten first. Default 65,536. */
  readonly maxBindings?: number | undefined;
  /** Gets lines about refused registrations, evicted bindings and caught errors; on a bus, also about lag. Default: no logging. */
  readonly logger?: Logger | undefined;
}

export const LATE_BIND_OPTIONS: OptionNames<LateBindOptions> = { bindingOf: true, maxBindings: true, logger: true };

/** The events that a bus keeps for receivers that start later, or resume. */
export interface HistoryOptions<E> {
  /** The most events to keep, 1 to 2^31 - 1. The oldest go first. */
  readonly capacity: number;
  /**
   * The most bytes to keep, 1 to 2^31 - 1, counted with `sizeOf`. An event that is larger than this on its own is not kept, and the others
   * stay; a receiver that starts before it gets a gap in its place. Default: no limit.
   */
  readonly maxBytes?: number | undefined;
  /** The size of an event in the unit of `maxBytes`. Default: the length of its JSON. */
  readonly sizeOf?: ((busEvent: BusEvent<E>) => number) | undefined;
}

export const HISTORY_OPTIONS: OptionNames<HistoryOptions<unknown>> = { capacity: true, maxBytes: true, sizeOf: true };

/** How many events may wait for the registration of their session, and for how long. */
export interface HoldUnboundOptions {
  /** The most events of one session to hold, 1 to 2^31 - 1. */
  readonly capacity: number;
  /** The longest that one event is held, in milliseconds on the bus's scheduler, 1 to 2^31 - 1. Setting the date does not change it. */
  readonly maxAgeMs: number;
  /** The most events of all sessions to hold, 1 to 2^31 - 1. Default: 64 times `capacity`. */
  readonly totalCapacity?: number | undefined;
}

export const HOLD_OPTIONS: OptionNames<HoldUnboundOptions> = { capacity: true, maxAgeMs: true, totalCapacity: true };

/** Options of a `SharingBus`. */
export interface SharingBusOptions<E = Event> extends LateBindOptions<E> {
  /**
   * Where consumers are called. Every other delay runs on it, too. Default `asapScheduler`.
   *
   * **Details** Its `now()` measures ages and limits. If `now()` tells the date, the date may be set at any time without harm.
   */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * Keeps events of a session that has no scroll id yet, and delivers them right after the session is registered. Beyond its limits, an
   * event is delivered without a scroll id. Other events are not delayed. Default: nothing is held.
   */
  readonly holdUnbound?: HoldUnboundOptions | undefined;
  /** Numbers the events and keeps the newest, so that a receiver can start `from` an earlier place. Default: nothing is kept. */
  readonly history?: HistoryOptions<E> | undefined;
  /**
   * Orders and keeps the events in place of the bus, such as a database; see {@link Upstream}. Then `history` says how many of the newest
   * events are in memory, too. Default: none.
   */
  readonly upstream?: Upstream<E> | undefined;
}

export const BUS_OPTIONS: OptionNames<SharingBusOptions> = {
  ...LATE_BIND_OPTIONS,
  scheduler: true,
  holdUnbound: true,
  history: true,
  upstream: true,
};

/** What a receiver does with an event for which its queue has no room; see {@link OverflowOptions}. */
export type Overflow = 'drop-newest' | 'drop-oldest' | 'latest' | 'evict';

/**
 * Which event is lost when the queue is full, and counted in `lagged`; with the options of each policy, which no other policy takes.
 *
 * - `drop-newest`, the default: the arriving event.
 * - `drop-oldest`: the event that has waited longest.
 * - `latest`: a newer event takes the place of the waiting one with the same `key`, which is lost, full or not. If the queue is full of
 *   other keys, the arriving event is lost.
 * - `evict`: the arriving event; then the receiver delivers what waits and ends with {@link SlowConsumerError}.
 */
// Each option is named in each branch, with `undefined` where it may not be: else `keyof` lacks it, and the compiler does not miss it in
// RECEIVER_OPTIONS and in the event streams' settings.
export type OverflowOptions<E = unknown> =
  | {
      readonly overflow?: 'drop-newest' | undefined;
      /** Extra places that only events of these kinds may take, once all other places are taken. Default: none. */
      readonly reserve?: { readonly capacity: number; readonly kinds: readonly EventKind[] } | undefined;
      readonly key?: undefined;
      readonly barrier?: undefined;
    }
  | {
      readonly overflow: 'drop-oldest' | 'evict';
      readonly reserve?: undefined;
      readonly key?: undefined;
      readonly barrier?: undefined;
    }
  | {
      readonly overflow: 'latest';
      /**
       * Names the thing of which the event is a state: the event replaces the waiting one with the same key. Keys are compared as those of
       * a `Map`. It must answer at once, without a promise.
       */
      readonly key: (busEvent: BusEvent<E>) => unknown;
      /**
       * Whether this event is a barrier: it replaces no event, is never replaced, and no event that waits when it arrives is replaced any
       * more. If the queue is full, it is lost like any event.
       * It must answer at once, without a promise. Default: no event is a barrier.
       */
      readonly barrier?: ((busEvent: BusEvent<E>) => boolean) | undefined;
      readonly reserve?: undefined;
    };

/** Options of a receiver that do not depend on its overflow policy. */
export interface ReceiverBaseOptions {
  /** The most events that may wait, 1 to 2^31 - 1. Default 256. */
  readonly capacity?: number | undefined;
  /** Disposes the receiver when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * Where the receiver starts: `'now'`; or, on a bus with a history or an upstream, `'start'` (the oldest event that is kept) or right after a position.
   * Default `'now'`.
   *
   * **Details** The kept events that match come first, then what is published, with no hole and nothing twice. Events that are still to be
   * read from the history, or from the upstream, take no room in the queue. Events that are gone from the history, or were too large for it, count in
   * `missed`, and are gaps in `deliveries$`. Events that leave the history while the receiver is still reading are lost, and count in
   * `lagged`.
   */
  readonly from?: 'now' | 'start' | BusPosition | undefined;
  /** A name for log lines and `bus.stats()`. Default: none. */
  readonly name?: string | undefined;
  /**
   * Ends the receiver with {@link SlowConsumerError} when events wait and none has been taken for this many milliseconds, 1 to 2^31 - 1,
   * on the bus's scheduler. What waits can still be taken. Setting the date does not change it. Default: no limit.
   *
   * **Details** It matters for receivers that are pulled, or have no consumer yet. A subscriber of `events$` takes what waits in its next
   * turn.
   */
  readonly stallAfterMs?: number | undefined;
}

/** Options of a receiver. */
export type ReceiverOptions<E = unknown> = ReceiverBaseOptions & OverflowOptions<E>;

export const RECEIVER_OPTIONS: OptionNames<ReceiverOptions> = {
  capacity: true,
  overflow: true,
  key: true,
  barrier: true,
  reserve: true,
  signal: true,
  from: true,
  name: true,
  stallAfterMs: true,
};

export const RESERVE_OPTIONS: OptionNames<NonNullable<ReceiverOptions['reserve']>> = { capacity: true, kinds: true };

export const RECV_OPTIONS: OptionNames<RecvOptions> = { signal: true };

/** Options of `stream`. */
export type StreamOptions<E = unknown> = ReceiverOptions<E>;

/** Options of `stream` with a `consume`, for work that takes time. */
export type ConsumeOptions<E, O extends ObservableInput<unknown>> = StreamOptions<E> & {
  /** Works on one event at a time. The next event is taken when the returned promise or observable has completed. */
  readonly consume: (busEvent: BusEvent<E>) => O;
};

export const STREAM_OPTIONS: OptionNames<ConsumeOptions<unknown, never>> = { ...RECEIVER_OPTIONS, consume: true };

/** Options of `flush`. */
export interface FlushOptions {
  /** Gives up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The receivers of this bus to wait for. Default: every receiver. */
  readonly waitFor?: readonly BusReceiver<unknown>[] | undefined;
}

export const FLUSH_OPTIONS: OptionNames<FlushOptions> = { signal: true, waitFor: true };

/** An Observable of the platform, as Chromium has it, or another object with its `subscribe`. */
export interface NativeObservable<T> {
  /** Calls `observer` with each value until `signal` is aborted. If it returns a subscription, that is unsubscribed then, too. */
  subscribe(observer: Observer<T>, options: { readonly signal: AbortSignal }): unknown;
}

/**
 * Where `connect` can take events from: an async iterable, a web stream, an Observable of RxJS, an Observable of another library that has
 * `Symbol.observable`, or an Observable of the platform.
 */
export type BusEventSource<E> =
  | AsyncIterable<BusEvent<E>>
  | ReadableStream<BusEvent<E>>
  | Observable<BusEvent<E>>
  | InteropObservable<BusEvent<E>>
  | NativeObservable<BusEvent<E>>;

/** Options of `connect`. */
export interface ConnectOptions {
  /** Events between two flushes, 1 to 2^31 - 1. Default 64. */
  readonly window?: number | undefined;
  /** Stops: the source is told to stop, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** The receivers of this bus that the source waits for. Default: every receiver. */
  readonly waitFor?: readonly BusReceiver<unknown>[] | undefined;
}

export const CONNECT_OPTIONS: OptionNames<ConnectOptions> = { window: true, signal: true, waitFor: true };

/** Options of {@link dropNewest}. */
export interface DropNewestOptions<T> {
  /** The most values that may wait, 1 to 2^31 - 1. The value that the consumer is working on does not count. */
  readonly capacity: number;
  /** Where the consumer is called. Default `asapScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /** Called with each rejected value and the count so far (1 for the first of a subscription), on the source's stack. */
  readonly onDrop?: ((value: T, lagged: number) => void) | undefined;
}

export const DROP_NEWEST_OPTIONS: OptionNames<DropNewestOptions<unknown>> = {
  capacity: true,
  scheduler: true,
  onDrop: true,
};

/** Options of {@link concatMapDropNewest}. */
export interface ConcatMapDropNewestOptions<T> {
  /** The most values that may wait while an inner observable runs, 1 to 2^31 - 1. The value it runs for does not count. */
  readonly capacity: number;
  /** Called with each rejected value and the count so far (1 for the first of a subscription), on the source's stack. */
  readonly onDrop?: ((value: T, lagged: number) => void) | undefined;
}

export const CONCAT_MAP_OPTIONS: OptionNames<ConcatMapDropNewestOptions<unknown>> = { capacity: true, onDrop: true };
