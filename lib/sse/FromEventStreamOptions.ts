import type { SchedulerLike } from 'rxjs';
import type { BusPosition } from '../receiver.js';
import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';
import type { ValidationError } from '../schema/ValidationError.js';

/** Headers as an object, as pairs, or as the platform's own class. */
export type EventStreamHeaders = Readonly<Record<string, string>> | Iterable<readonly [string, string]>;

/** What the function that fetches is given besides the URL. */
export interface EventStreamRequest {
  readonly method: 'GET';
  readonly headers: Record<string, string>;
  readonly signal: AbortSignal;
  readonly cache: 'no-store';
}

/** As much of the platform's `fetch` as is used. */
export type EventStreamFetch = (url: string, request: EventStreamRequest) => Promise<Response>;

/** How a connection is doing. */
export interface EventStreamStatus {
  readonly state: 'connecting' | 'open' | 'waiting' | 'closed';
  /** The number of the attempt in a row, from 1; a connection that worked is the first of its row. */
  readonly attempt: number;
  /** In `waiting`: milliseconds until the next attempt. */
  readonly retryInMs?: number;
  /** Why it waits, or is closed, where that is for an error. */
  readonly cause?: unknown;
}

/** Options of `fromEventStream`. */
export interface FromEventStreamOptions<E = Event> {
  /** What is wanted, as data: a `where` cannot travel. Default: all that is served. */
  readonly filter?: EventFilter<E> | undefined;
  /** Where it starts. Default `'now'`. */
  readonly from?: 'now' | 'start' | BusPosition | undefined;
  /** Default: the platform's. One of one's own sets credentials, or a proxy. */
  readonly fetch?: EventStreamFetch | undefined;
  /** Sent with every request; a function is asked before each, so that a token can be renewed. */
  readonly headers?: EventStreamHeaders | (() => EventStreamHeaders | Promise<EventStreamHeaders>) | undefined;
  /** Completes the stream when it is aborted. */
  readonly signal?: AbortSignal | undefined;
  /**
   * How it reconnects: after `initialMs` (default 1,000, until the server says otherwise), then twice as long each time, up to `maxMs`
   * (default 30,000), less up to half of it by chance; `maxAttempts` (default: any number) in a row, of which
   * a connection that worked is the first. `false`: it does not.
   */
  readonly retry?:
    | {
        readonly initialMs?: number | undefined;
        readonly maxMs?: number | undefined;
        readonly maxAttempts?: number | undefined;
      }
    | false
    | undefined;
  /** Checks each event, at once: a promise is no event. Default: `parseBusEvent` of `sharing-bus/schema`. */
  readonly parse?: ((value: unknown) => BusEvent<E>) | undefined;
  /** Told whenever the connection changes. */
  readonly onStatus?: ((status: EventStreamStatus) => void) | undefined;
  /** Told of what was no event, with its text. In the stream it is a gap of one. */
  readonly onInvalid?: ((error: ValidationError, text: string) => void) | undefined;
  /** Told how far the stream has got, after what it got: to be kept, and given as `from` the next time. */
  readonly onPosition?: ((position: BusPosition) => void) | undefined;
  /** A connection is given up when nothing has come for so many milliseconds, not even a heartbeat. Default 45,000. */
  readonly silenceMs?: number | undefined;
  /** Characters that an event may have; a longer one is invalid. Default 2,097,152. */
  readonly maxEventLength?: number | undefined;
  /** Where waits are timed. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
}
