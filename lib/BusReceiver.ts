import type { Observable } from 'rxjs';
import type { BusEvent } from './protocol/BusEvent.js';
import type { Event } from './protocol/Event.js';

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
export interface BusReceiver<E = Event> extends Disposable, AsyncDisposable, AsyncIterable<BusEvent<E>> {
  /** From 0, one for each receiver of a bus, never given twice. */
  readonly id: number;
  /** What it was called in its options; its log lines show it. */
  readonly name: string | undefined;
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
  /**
   * Takes one event, when there is one: the slow consumer's way. Nothing is buffered but in the receiver's own queue.
   *
   * **Details** Calls that overlap are served in their order. `for await (const busEvent of receiver)` and
   * `toReadableStream()` take events in the same way, and leave the receiver when they end.
   *
   * **Errors** Rejects with {@link ReceiverBusyError} while `events$` has a consumer, and once with what the filter's
   * predicate threw.
   *
   * @returns The event, or `undefined` when the receiver has completed.
   */
  recv(): Promise<BusEvent<E> | undefined>;
  /** Takes events one by one; leaving the loop leaves the receiver at once. */
  [Symbol.asyncIterator](): AsyncIterableIterator<BusEvent<E>>;
  /** Its events as a web stream, which keeps none of its own. Cancelling it leaves the receiver at once. */
  toReadableStream(): ReadableStream<BusEvent<E>>;
  /** Drain, then complete. Again, it does nothing. */
  close(): void;
  /** Leave at once. */
  [Symbol.dispose](): void;
  /** The same. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** What a receiver is made with. */
export interface ReceiverOptions {
  /** Events that may wait, 1 to 2^31 - 1. Default 256. */
  readonly capacity?: number | undefined;
  /** Leaves the receiver when it is aborted, as `[Symbol.dispose]` does. */
  readonly signal?: AbortSignal | undefined;
  /** Shown in log lines. Default: none. */
  readonly name?: string | undefined;
}

/** What the second concurrent consumer of a receiver gets. */
export class ReceiverBusyError extends Error {
  override readonly name = 'ReceiverBusyError';

  /** @param id The receiver's. */
  constructor(readonly id: number) {
    super(`receiver ${id} has a consumer already; share() its events$`);
  }
}
