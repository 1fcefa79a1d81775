import type { OverflowOptions, ReceiverBaseOptions } from '../options.js';
import type { SchedulerLike } from 'rxjs';
import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';

// As in BusReceiver.ts: where no types of a platform are there, these stand in for them.
declare global {
  interface Request {
    readonly method: string;
  }
  interface Response {
    readonly status: number;
  }
}

/** What the receiver of each client is made with. */
export type EventStreamReceiverOptions<E> = Pick<ReceiverBaseOptions, 'capacity' | 'stallAfterMs' | 'name'> &
  OverflowOptions<E>;

/** What an application says of a request: the filter to serve, `false` for 403, or a response of its own. */
export type EventStreamVerdict<E = Event> = EventFilter<E> | false | Response;

/** Options of `EventStreams` and `toEventStream`. */
export type EventStreamOptions<E = Event> = EventStreamReceiverOptions<E> & EventStreamServerOptions<E>;

/** What is served, to whom, and how. */
export interface EventStreamServerOptions<E = Event> {
  /** What is served at all: a request's own filter can only narrow it. With neither this nor `authorize`, nothing is: 403. */
  readonly filter?: EventFilter<E> | undefined;
  /**
   * Decides about each request.
   *
   * **Details** It returns the filter to serve, which `filter` and the request's own still narrow; `false` for 403; or a response
   * of its own. What it throws is 500, and told to `onError`.
   *
   * @param request As it came.
   * @param filter The request's own; every event, where it has none.
   */
  readonly authorize?:
    | ((request: Request, filter: EventFilter<E>) => EventStreamVerdict<E> | PromiseLike<EventStreamVerdict<E>>)
    | undefined;
  /** After so many milliseconds without anything to send, a heartbeat is. Default 15,000. */
  readonly heartbeatMs?: number | undefined;
  /** For how many milliseconds a client is asked to wait before it reconnects. Default 2,000. */
  readonly retryMs?: number | undefined;
  /** Streams that may be open at a time; one more is answered 503. Default 1,000. */
  readonly maxConnections?: number | undefined;
  /** Bytes that a request's filter may have as JSON; a longer one is answered 414. Default 8,192. */
  readonly maxFilterBytes?: number | undefined;
  /** Bytes that an event may have as JSON; a larger one becomes a gap of one. Default 1,048,576. */
  readonly maxEventBytes?: number | undefined;
  /**
   * For how many milliseconds `close` waits for clients to read what waits for them. One whose receiver has ended otherwise is cut off
   * when it has read nothing for so long. Default 5,000.
   */
  readonly closeMs?: number | undefined;
  /** Where heartbeats are timed. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /** Told what `authorize` and predicates throw, of events that cannot be sent, and of clients that were too slow. Default: nobody is. */
  readonly onError?: ((error: unknown) => void) | undefined;
}
