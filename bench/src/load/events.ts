import type { BusEvent, EventRouting } from '../library.js';

/** An event of the default union with a routing of its own. */
export function eventFor(routing: EventRouting): BusEvent {
  return {
    routing,
    origin: 'agent',
    event: { type: 'AgentMessageChunk', content: { type: 'text', text: 'a few words' } },
  };
}

/** A copy as a parser makes it: every string of it is new, and unknown to V8's table of strings. */
export function parsedAnew(busEvent: BusEvent): BusEvent {
  return JSON.parse(JSON.stringify(busEvent)) as BusEvent;
}
