// A bus at the top of a worker's module, where workerd allows no random numbers and no timers.
import { EventFilter, SharingBus } from 'sharing-bus';
import { EventStreams } from 'sharing-bus/sse';

const bus = new SharingBus<string>({ history: { capacity: 10 } });
const streams = new EventStreams(bus, { filter: EventFilter.all });

export default {
  fetch: (request: Request): Promise<Response> | Response =>
    new URL(request.url).pathname === '/events' ? streams.respond(request) : Response.json({ open: streams.size }),
};
