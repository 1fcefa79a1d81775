// Late binding: an agent knows its own session id only; the bus adds the id of the scroll that keeps the session.
import { EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus();
const scrollId = '0198c0de-0000-7000-8000-000000000001';

const everything = bus.subscribeAll();
// A page that shows one scroll need not know which agent writes to it.
const page = bus.subscribeFiltered(EventFilter.scrollId(scrollId));

/** What a connector publishes: it has never heard of scrolls. */
function say(text: string): void {
  bus.publish({
    routing: { kind: 'agent-message', connectorId: 'claude', nativeSessionId: 's-1' },
    origin: 'agent',
    event: { type: 'AgentMessageChunk', content: { type: 'text', text } },
  });
}

say('Hello?'); // Nothing is bound in retrospect: this one stays without a scroll.

bus.publish({
  routing: { kind: 'session-lifecycle' },
  origin: 'runtime',
  event: { type: 'SessionRegistered', connectorId: 'claude', sessionId: 's-1', scrollId },
});

say('Hello!'); // This one has the scroll that its session was registered under.
bus.close();

await everything.events$.forEach(({ routing, event }) => {
  console.log(`${event.type} -> ${routing.scrollId ?? 'no scroll'}`);
});
await page.events$.forEach(({ event }) => {
  console.log(`on the page: ${event.type}`);
});

// Prints:
// AgentMessageChunk -> no scroll
// SessionRegistered -> 0198c0de-0000-7000-8000-000000000001
// AgentMessageChunk -> 0198c0de-0000-7000-8000-000000000001
// on the page: SessionRegistered
// on the page: AgentMessageChunk
