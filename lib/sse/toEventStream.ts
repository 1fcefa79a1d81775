import type { Event } from '../protocol/Event.js';
import type { SharingBus } from '../SharingBus.js';
import type { EventStreamOptions } from './EventStreamOptions.js';
import { EventStreams } from './EventStreams.js';

/**
 * Answers one request with an event stream of the bus's events.
 *
 * **Details** What {@link EventStreams.respond} does, where nothing has to be known of other requests: `maxConnections` does not
 * count, and the stream ends with the bus or the client.
 *
 * @param bus Whose events are served.
 * @param request As it came.
 * @param options See {@link EventStreamOptions}.
 */
export async function toEventStream<E = Event>(
  bus: SharingBus<E>,
  request: Request,
  options?: Omit<EventStreamOptions<E>, 'maxConnections' | 'closeMs'>,
): Promise<Response> {
  return new EventStreams(bus, options).respond(request);
}
