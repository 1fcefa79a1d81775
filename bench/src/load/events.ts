import type { BusEvent, EventRouting } from '../library.js';

/** An event of the default union with a routing of its own. */
export function eventFor(routing: EventRouting): BusEvent {
  return {
    routing,
    origin: 'agent',
    event: { type: 'AgentMessageChunk', content: { type: 'text', text: 'a few words' } },
  };
}

/** A copy as from a parser: all its strings are new objects, which V8 has not hashed yet. */
export function parsedAnew(busEvent: BusEvent): BusEvent {
  return JSON.parse(JSON.stringify(busEvent)) as BusEvent;
}
