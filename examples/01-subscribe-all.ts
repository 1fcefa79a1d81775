// One publisher, and one subscriber that sees everything.
import { SharingBus } from 'sharing-bus';

const bus = new SharingBus();

// A receiver collects events from the moment it is made, also before you subscribe to its events$.
const everything = bus.subscribeAll();

bus.publish({ routing: { kind: 'system' }, origin: 'connector', event: { type: 'Connected' } });

// forEach subscribes, and its promise settles when events$ completes.
const reading = everything.events$.forEach(({ routing, event }) => {
  console.log(`received ${event.type} (${routing.kind})`);
});

const content = { type: 'text', text: 'Hello!' } as const;
bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event: { type: 'AgentMessageChunk', content } });
bus.publish({ routing: { kind: 'system' }, origin: 'connector', event: { type: 'Disconnected' } });

// publish never calls a subscriber: a slow one cannot delay the agent.
console.log('published three events');

// Closing delivers the queued events, then completes every receiver.
bus.close();
await reading;
console.log(`complete, ${everything.lagged} lost`);

// Prints:
// published three events
// received Connected (system)
// received AgentMessageChunk (agent-message)
// received Disconnected (system)
// complete, 0 lost
