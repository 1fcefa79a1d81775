import type { ObservableInput, SchedulerLike } from 'rxjs';
import type { BusReceiver, ReceiverOptions } from './BusReceiver.js';
import type { HoldUnboundOptions } from './internal/publishing/HeldEvents.js';
import type { HistoryOptions } from './internal/history/History.js';
import { RECEIVER_OPTIONS } from './internal/receiving/receiverSettings.js';
import type { OptionNames } from './internal/support/requireOptions.js';
import { LATE_BIND_OPTIONS, type LateBindOptions } from './operators/lateBindScrollId.js';
import type { BusEvent } from './protocol/BusEvent.js';
import type { Event } from './protocol/Event.js';

/** Options of a `SharingBus`. */
export interface SharingBusOptions<E = Event> extends LateBindOptions<E> {
  /**
   * Where consumers are called, and every other hop in time. Default `asapScheduler`.
   *
   * **Details** Its `now()` measures ages and limits; where it tells the date, that may be set at any time.
   */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * Holds back what has a session and no scroll yet, until its registration comes: then it follows that one, with its scroll. What is too
   * much or too old goes as it is. Others are not delayed. Default: nothing is held.
   */
  readonly holdUnbound?: HoldUnboundOptions | undefined;
  /** Numbers the events and retains the newest, so that a receiver can start `from` an earlier place. Default: nothing is retained. */
  readonly history?: HistoryOptions<E> | undefined;
}

export const BUS_OPTIONS: OptionNames<SharingBusOptions> = {
  ...LATE_BIND_OPTIONS,
  scheduler: true,
  holdUnbound: true,
  history: true,
};

/** Options of `stream`. */
export type StreamOptions<E = unknown> = ReceiverOptions<E>;

/** Options of `stream` for a consumer that takes its time. */
export type ConsumeOptions<E, O extends ObservableInput<unknown>> = StreamOptions<E> & {
  /** Works on one event at a time; the next is taken when the promise, or observable, that it returns is through. */
  readonly consume: (busEvent: BusEvent<E>) => O;
};

export const STREAM_OPTIONS: OptionNames<ConsumeOptions<unknown, never>> = { ...RECEIVER_OPTIONS, consume: true };

/** Options of `flush`. */
export interface FlushOptions {
  /** Gives up: the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receivers of this bus: they are waited for, and nobody else. Default: every receiver. */
  readonly waitFor?: readonly BusReceiver<unknown>[] | undefined;
}

export const FLUSH_OPTIONS: OptionNames<FlushOptions> = { signal: true, waitFor: true };
