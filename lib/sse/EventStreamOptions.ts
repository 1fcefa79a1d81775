import type { OverflowOptions, ReceiverBaseOptions } from '../options.js';
import type { SchedulerLike } from 'rxjs';
import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';

// As in receiver.ts: without the types of a platform, these declarations stand in for them.
declare global {
  interface Request {
    readonly method: string;
  }
  interface Response {
    readonly status: number;
  }
}

/** Options of the receiver that each client gets. */
export type EventStreamReceiverOptions<E> = Pick<ReceiverBaseOptions, 'capacity' | 'stallAfterMs' | 'name'> &
  OverflowOptions<E>;

/** What a client may get, and for how long. */
export interface EventStreamAccess<E = Event> {
  /** The filter to serve. */
  readonly filter: EventFilter<E>;
  /**
   * Ends the stream when it is aborted, for example at a logout. If it is aborted already, the request gets status 403.
   *
   * **Details** Events that wait are not sent any more. The client gets `event: end`, with `{"reason":"revoked"}` as data, so
   * `fromEventStream` completes. A plain `EventSource` reconnects, and `authorize` decides about it anew.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The application's decision about a request: the filter to serve, the filter with a signal that ends the access, `false` for status 403,
 * or a response of its own.
 */
export type EventStreamVerdict<E = Event> = EventFilter<E> | EventStreamAccess<E> | false | Response;

/** Options of `EventStreams` and `toEventStream`. */
export type EventStreamOptions<E = Event> = EventStreamReceiverOptions<E> & EventStreamServerOptions<E>;

/** Options of the server: what it serves, to which requests, and how. */
export interface EventStreamServerOptions<E = Event> {
  /**
   * The events to serve. A request's own filter can only narrow this. If neither this nor `authorize` is given, every request gets status
   * 403.
   */
  readonly filter?: EventFilter<E> | undefined;
  /**
   * Decides about each request. Returns the filter to serve, `{ filter, signal }` for access that ends when the signal is aborted, `false`
   * for status 403, or a response of its own.
   *
   * **Details** A client gets the events that match all of: the returned filter, the option `filter`, and the request's own filter. If the
   * function throws or its promise rejects, the client gets status 500, and `onError` gets the error.
   *
   * @param request The unchanged request.
   * @param filter The request's own filter. It matches every event if the request has none.
   */
  readonly authorize?:
    | ((request: Request, filter: EventFilter<E>) => EventStreamVerdict<E> | PromiseLike<EventStreamVerdict<E>>)
    | undefined;
  /**
   * Idle time before a heartbeat comment, in milliseconds, 1 to 2^31 - 1. Default 8,000. Some servers and proxies cut a connection that is
   * silent for longer: Bun after 10 seconds.
   */
  readonly heartbeatMs?: number | undefined;
  /** How long clients are asked to wait before they reconnect, in milliseconds, 1 to 2^31 - 1. Default 2,000. */
  readonly retryMs?: number | undefined;
  /**
   * The most streams that may be open at one time, 1 to 2^31 - 1. Clients beyond that are asked to come back; see `busyStatus`. Default
   * 1,000.
   */
  readonly maxConnections?: number | undefined;
  /**
   * The status of the response to a client that is to come back, since `maxConnections` streams are open or the server is closing. Default
   * 200.
   *
   * **Details** With 200, the response is a stream with `retry:`, a comment that says why, and no event: an `EventSource` and
   * `fromEventStream` try again. With 503, the response has the header `Retry-After`: a load balancer sees that the server is busy, and
   * `fromEventStream` tries again, but a plain `EventSource` stops for good.
   */
  readonly busyStatus?: 200 | 503 | undefined;
  /**
   * The most bytes that a request's filter may have in the URL, percent-encoded, 1 to 2^31 - 1. A request with a longer one gets status 414.
   * Default 8,192. Node refuses a request of more than 16,384 bytes, with its headers, before this server sees it.
   */
  readonly maxFilterBytes?: number | undefined;
  /** The most bytes that an event may have as JSON, 1 to 2^31 - 1. A larger event becomes a gap of one event. Default 1,048,576. */
  readonly maxEventBytes?: number | undefined;
  /**
   * How long `close` waits for clients to read the events that wait for them, in milliseconds, 1 to 2^31 - 1. Default 5,000.
   *
   * **Details** If a client's receiver has ended for another reason, the client is cut off when it has read nothing for this time. A
   * `Response` whose reading has not begun after this time frees its slot.
   */
  readonly closeMs?: number | undefined;
  /** Runs the timers: heartbeats and `closeMs`. Default `asyncScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /**
   * Called with errors that `authorize` or a predicate throws, with an error for each event that cannot be sent, and for clients that were
   * too slow. Default: ignored.
   */
  readonly onError?: ((error: unknown) => void) | undefined;
}
