import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';
import type { SharingBus } from '../SharingBus.js';
import type { EventStreamReceiverOptions, EventStreamServerOptions, EventStreamVerdict } from './EventStreamOptions.js';
import { responseOf, StreamOpener } from './StreamOpener.js';

/**
 * Answers one request with an event stream of the bus's events.
 *
 * **Details** It is `EventStreams.respond` for a single request. There is no limit on connections, and no `close`: the stream ends when the
 * bus is closed or the client disconnects. It returns a promise only if `authorize` does.
 *
 * @param bus The bus whose events are served.
 * @param request The request to answer.
 * @param options See {@link EventStreamOptions}.
 * @returns The response to send.
 * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown, InvalidFilterError or
 * InvalidUuidError if `filter` is malformed.
 */
export function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options?: EventStreamReceiverOptions<E> &
    Omit<EventStreamServerOptions<E>, 'authorize' | 'maxConnections' | 'busyStatus' | 'closeMs'> & {
      readonly authorize?: ((request: Request, filter: EventFilter<E>) => EventStreamVerdict<E>) | undefined;
    },
): Response;
/**
 * Answers one request with an event stream, with an `authorize` that may return a promise.
 *
 * @param bus The bus whose events are served.
 * @param request The request to answer.
 * @param options See {@link EventStreamOptions}.
 * @returns The response to send, or a promise of it if `authorize` returns a promise.
 */
export function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options?: EventStreamReceiverOptions<E> &
    Omit<EventStreamServerOptions<E>, 'maxConnections' | 'busyStatus' | 'closeMs'>,
): Response | Promise<Response>;
export function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options: EventStreamReceiverOptions<E> &
    Omit<EventStreamServerOptions<E>, 'maxConnections' | 'busyStatus' | 'closeMs'> = {},
): Response | Promise<Response> {
  const opened = new StreamOpener(bus, options).open(request);
  return opened instanceof Promise ? opened.then(responseOf) : responseOf(opened);
}
