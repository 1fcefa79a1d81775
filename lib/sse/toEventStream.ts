import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';
import type { SharingBus } from '../SharingBus.js';
import type { EventStreamReceiverOptions, EventStreamServerOptions, EventStreamVerdict } from './EventStreamOptions.js';
import { responseOf } from './responseOf.js';
import { StreamOpener } from './StreamOpener.js';

/**
 * Answers one request with an event stream of the bus's events.
 *
 * **Details** What `EventStreams.respond` does, where nothing has to be known of other requests: `maxConnections` does not
 * count, and the stream ends with the bus or the client. It answers at once, but where `authorize` returns a promise.
 *
 * @param bus Whose events are served.
 * @param request As it came.
 * @param options See {@link EventStreamOptions}.
 * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad options.
 */
export function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options?: EventStreamReceiverOptions<E> &
    Omit<EventStreamServerOptions<E>, 'authorize' | 'maxConnections' | 'closeMs'> & {
      readonly authorize?: ((request: Request, filter: EventFilter<E>) => EventStreamVerdict<E>) | undefined;
    },
): Response;
/**
 * The same, where `authorize` may take its time.
 *
 * @param bus Whose events are served.
 * @param request As it came.
 * @param options See {@link EventStreamOptions}.
 */
export function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options?: EventStreamReceiverOptions<E> & Omit<EventStreamServerOptions<E>, 'maxConnections' | 'closeMs'>,
): Response | Promise<Response>;
export function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options: EventStreamReceiverOptions<E> & Omit<EventStreamServerOptions<E>, 'maxConnections' | 'closeMs'> = {},
): Response | Promise<Response> {
  const opened = new StreamOpener(bus, options).open(request);
  return opened instanceof Promise ? opened.then(responseOf) : responseOf(opened);
}
