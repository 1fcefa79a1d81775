import type { SchedulerLike } from 'rxjs';
import type { BusPosition } from '../receiver.js';
import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';
import type { OptionNames } from '../internal/support/require.js';
import type { ValidationError } from '../schema/ValidationError.js';

/** Headers as an object, as pairs, or as a `Headers` object. */
export type EventStreamHeaders = Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** The second argument of the option `fetch`. */
export interface EventStreamRequest {
  readonly method: 'GET';
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  /** Absent on platforms whose requests do not have it. */
  readonly cache?: 'no-store';
}

/** The part of the platform's `fetch` that is used. */
export type EventStreamFetch = (url: string, request: EventStreamRequest) => Promise<Response>;

/** The state of the connection, as `onStatus` gets it. */
export interface EventStreamStatus {
  /** `connecting`: a request is sent. `open`: events can arrive. `waiting`: before the next attempt. `closed`: the stream has ended. */
  readonly state: 'connecting' | 'open' | 'waiting' | 'closed';
  /**
   * The number of the current attempt, from 1. When a connection has worked, the count restarts: that connection is 1, the next attempt 2.
   */
  readonly attempt: number;
  /** Milliseconds until the next attempt; only in the state `waiting`. */
  readonly retryInMs?: number;
  /** The error that is the reason for the state `waiting` or `closed`, if there is one. */
  readonly cause?: unknown;
}

/** Options of `fromEventStream`. */
export interface FromEventStreamOptions<E = Event> {
  /** The events to ask for. A `where` filter is refused, as it cannot be sent. Default: every event that the server serves. */
  readonly filter?: EventFilter<E> | undefined;
  /**
   * Where the stream starts: `'now'`; or, if the bus has a history, `'start'` (the oldest event that is kept) or right after a position.
   * Default `'now'`.
   */
  readonly from?: 'now' | 'start' | BusPosition | undefined;
  /** Sends the requests. A function of your own can set credentials or use a proxy. Default: the platform's `fetch`. */
  readonly fetch?: EventStreamFetch | undefined;
  /**
   * Headers of every request. A function is called before each request, so it can renew a token. Default: none.
   *
   * **Errors** What the function throws ends the stream. If its promise rejects, that ends the stream at the first attempt. Later it is an
   * attempt that failed, since the network may be away.
   */
  readonly headers?: EventStreamHeaders | (() => EventStreamHeaders | Promise<EventStreamHeaders>) | undefined;
  /** Completes the stream when it is aborted. Default: none. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How the stream reconnects. `false` turns reconnecting off.
   *
   * **Details** The first wait is `initialMs` milliseconds (default 1,000; a `retry:` of the server replaces it). Each further wait is
   * twice as long, up to `maxMs` (default 30,000), until an attempt works: it has brought an event that is new, or has stayed open longer
   * than the wait before it. Each wait is shortened at random by up to a half.
   *
   * The wait is never shorter than the server's `Retry-After`. It is lengthened at random by up to half of that time, but by no more than
   * `maxMs`. A `Retry-After` of more than `maxRetryAfterMs` (default 3,600,000) counts as `maxRetryAfterMs`. If an answer has `retry:` and
   * then ends without an event, the server is busy or closing, and that `retry:` counts as a `Retry-After`.
   *
   * The stream fails after `maxAttempts` attempts in a row (default: no limit); an attempt that worked counts as the first. All are integers
   * from 1 to 2^31 - 1.
   */
  readonly retry?:
    | {
        readonly initialMs?: number | undefined;
        readonly maxMs?: number | undefined;
        readonly maxAttempts?: number | undefined;
        readonly maxRetryAfterMs?: number | undefined;
      }
    | false
    | undefined;
  /**
   * Validates each event. It must return at once, without a promise. What it throws makes the event invalid. Default: `parseBusEvent` of
   * `sharing-bus/schema`.
   */
  readonly parse?: ((value: unknown) => BusEvent<E>) | undefined;
  /** Called when the state of the connection changes. */
  readonly onStatus?: ((status: EventStreamStatus) => void) | undefined;
  /** Called with each invalid event and its text. The stream has a gap of one event in its place. */
  readonly onInvalid?: ((error: ValidationError, text: string) => void) | undefined;
  /**
   * Called with the position that the stream has reached, after the delivery of what is before it. Store it to continue later, with `from`.
   */
  readonly onPosition?: ((position: BusPosition) => void) | undefined;
  /**
   * The most characters of the URL's path and query, percent-encoded, with `filter`, `from` and the id of a resume: 1 to 2^31 - 1. Many
   * servers and proxies refuse a longer one. Default 8,000.
   */
  readonly maxUrlLength?: number | undefined;
  /** The longest time without data, not even a heartbeat, in milliseconds, 1 to 2^31 - 1. Then it reconnects. Default 45,000. */
  readonly silenceMs?: number | undefined;
  /** The most characters that an event may have, 1 to 2^31 - 1. A longer event is invalid. Default 2,097,152. */
  readonly maxEventLength?: number | undefined;
  /** Runs the timers. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}

export const FROM_EVENT_STREAM_OPTIONS: OptionNames<FromEventStreamOptions> = {
  filter: true,
  from: true,
  fetch: true,
  headers: true,
  signal: true,
  retry: true,
  parse: true,
  onStatus: true,
  onInvalid: true,
  onPosition: true,
  maxUrlLength: true,
  silenceMs: true,
  maxEventLength: true,
  scheduler: true,
};
