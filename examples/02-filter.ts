// Filters: each subscriber gets the events that it asks for, and no others.
import { type BusEvent, EventFilter, matches, newUuid, SharingBus } from 'sharing-bus';

// The payload may be anything: here it is a plain text.
const bus = new SharingBus<string>();

const ofClaude = EventFilter.connectorId('claude');
const questions = EventFilter.kind('permission');

/** Several connections may have the same connectorId. Each has a connectorUid of its own. */
const connectorUid = newUuid();

const permissions = bus.subscribeFiltered(questions);
const claudeAtWork = bus.subscribeFiltered(EventFilter.and(ofClaude, EventFilter.not(questions)));
const connection = bus.subscribeFiltered(EventFilter.connectorUid(connectorUid));
// `where` calls a function of yours. The other filters are data, so the bus can look up the receivers of an event.
const long = bus.subscribeFiltered(EventFilter.where(({ event }) => event.length > 20));

const published: BusEvent<string>[] = [
  { routing: { kind: 'tool-call', connectorId: 'claude' }, origin: 'agent', event: 'read main.ts' },
  {
    routing: { kind: 'permission', connectorId: 'claude', connectorUid },
    origin: 'agent',
    event: 'may I edit main.ts?',
  },
  { routing: { kind: 'permission', connectorId: 'gemini' }, origin: 'agent', event: 'may I delete every test?' },
];
for (const busEvent of published) {
  bus.publish(busEvent);
}
bus.close();

// Each receiver has its events already, so you can read one after the other.
await permissions.events$.forEach(({ event }) => {
  console.log(`permissions: ${event}`);
});
await claudeAtWork.events$.forEach(({ event }) => {
  console.log(`claude at work: ${event}`);
});
await connection.events$.forEach(({ event }) => {
  console.log(`this connection: ${event}`);
});
await long.events$.forEach(({ event }) => {
  console.log(`long: ${event}`);
});

// Filters work without a bus, too. All of them but `where` are plain JSON data.
const asked = published.filter((busEvent) => matches(EventFilter.and(ofClaude, questions), busEvent));
console.log(`claude asked ${asked.length} question`);
console.log(JSON.stringify(questions));

// Prints:
// permissions: may I edit main.ts?
// permissions: may I delete every test?
// claude at work: read main.ts
// this connection: may I edit main.ts?
// long: may I delete every test?
// claude asked 1 question
// {"type":"kind","kinds":["permission"]}
