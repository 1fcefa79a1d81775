// Hold events until their session has its scroll id: for agents that talk before their session is registered.
import { EventFilter, SharingBus } from 'sharing-bus';

/** Payloads of your own. `bindingOf` returns the binding of those that register a session. */
type Message = { readonly text: string } | { readonly opened: string; readonly scrollId: string };

const bus = new SharingBus<Message>({
  bindingOf: (message) =>
    'opened' in message ? { connectorId: 'claude', sessionId: message.opened, scrollId: message.scrollId } : undefined,
  // At most 100 events of a session and 1,000 of all, each for at most 5 seconds. Beyond that, they are delivered without a scroll id.
  holdUnbound: { capacity: 100, totalCapacity: 1_000, maxAgeMs: 5_000 },
  // The bus remembers the scroll ids of so many sessions.
  maxBindings: 10_000,
});

const scrollId = '0198c0de-0000-7000-8000-000000000001';
const page = bus.subscribeFiltered(EventFilter.scrollId(scrollId));

function publish(nativeSessionId: string, event: Message): void {
  bus.publish({ routing: { kind: 'agent-message', connectorId: 'claude', nativeSessionId }, origin: 'agent', event });
}

publish('s-1', { text: 'Hello?' });
publish('s-2', { text: 'I am never registered.' });
console.log(`held: ${bus.stats().held}`);

// The registration is delivered first, then the events that waited for it.
publish('s-1', { opened: 's-1', scrollId });
publish('s-1', { text: 'Hello!' });
console.log(`held: ${bus.stats().held}`);

// When the bus is closed, it delivers the other held events without a scroll id.
bus.close();
console.log(`held: ${bus.stats().held}, without a scroll id: ${bus.stats().unbound}`);
await page.events$.forEach(({ event }) => {
  console.log('opened' in event ? `opened ${event.opened}` : event.text);
});

// Prints:
// held: 2
// held: 1
// held: 0, without a scroll id: 1
// opened s-1
// Hello?
// Hello!
