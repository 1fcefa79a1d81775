// Late binding: an agent knows only its own session id. The bus adds the id of the scroll, which is the transcript of the session.
import { EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus();
const scrollId = '0198c0de-0000-7000-8000-000000000001';

const everything = bus.subscribeAll();
// A page that shows one scroll need not know which agent writes it.
const page = bus.subscribeFiltered(EventFilter.scrollId(scrollId));

/** What a connector publishes: it knows no scroll ids. */
function say(text: string): void {
  bus.publish({
    routing: { kind: 'agent-message', connectorId: 'claude', nativeSessionId: 's-1' },
    origin: 'agent',
    event: { type: 'AgentMessageChunk', content: { type: 'text', text } },
  });
}

say('Hello?'); // Before the registration: this event gets no scroll id.

bus.publish({
  routing: { kind: 'session-lifecycle' },
  origin: 'runtime',
  event: { type: 'SessionRegistered', connectorId: 'claude', sessionId: 's-1', scrollId },
});

say('Hello!'); // After it: this event gets the scroll id of its session.
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
