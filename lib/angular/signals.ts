import type { Injector, Signal } from '@angular/core';
import type { BusPosition } from '../receiver.js';
import type { EventStreamStatus } from '../sse/FromEventStreamOptions.js';

/** The option that all functions of this entry have. */
export interface InjectorOption {
  /** The injector whose end ends the subscription. Needed outside of an injection context. Default: that of the injection context. */
  readonly injector?: Injector | undefined;
}

/** What a receiver of a bus has brought so far, as signals. They change at most once in a turn of the bus. */
export interface BusSignals<T> {
  /** Starts anew when the filter changes. It keeps its value after the bus was closed, after an error and after the injector's end. */
  readonly value: Signal<T>;
  /**
   * Number of matching events that were lost, as of the last turn, so that it fits to `value`. Starts at 0 anew when the filter changes. 0 if
   * there is no receiver.
   */
  readonly lagged: Signal<number>;
  /** The error that ended the receiver, such as what the filter's predicate threw. `undefined` if there was none. */
  readonly error: Signal<unknown>;
}

/** What an event stream has brought so far, as signals. They change at most once for each piece of text that arrives. */
export interface EventStreamSignals<T> {
  /** Starts anew when the source changes. It keeps its value after the stream's end, after an error and after the injector's end. */
  readonly value: Signal<T>;
  /**
   * The state of the connection. `undefined` if there is no source. On the server it says `connecting`, attempt 1, as it does when the
   * browser starts.
   */
  readonly status: Signal<EventStreamStatus | undefined>;
  /** The position that the stream has reached. `undefined` before the first one, and for a bus without a history. */
  readonly position: Signal<BusPosition | undefined>;
  /** The error that ended the stream, such as an `EventStreamError`. `undefined` until then. A broken connection does not end it. */
  readonly error: Signal<unknown>;
}
