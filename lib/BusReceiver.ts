import type { Observable } from 'rxjs';
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
