// Filters: each subscriber says what it wants, and gets nothing else.
import { type BusEvent, EventFilter, matches, SharingBus } from 'sharing-bus';

// The payload may be anything: here it is a plain text.
const bus = new SharingBus<string>();

const ofClaude = EventFilter.connectorId('claude');
const questions = EventFilter.kind('permission');

const permissions = bus.subscribeFiltered(questions);
const claudeAtWork = bus.subscribeFiltered(EventFilter.and(ofClaude, EventFilter.not(questions)));
// `where` asks a function of yours. The other filters are data: the bus looks them up instead of asking each of them.
const long = bus.subscribeFiltered(EventFilter.where(({ event }) => event.length > 20));

const published: BusEvent<string>[] = [
  { routing: { kind: 'tool-call', connectorId: 'claude' }, origin: 'agent', event: 'read main.ts' },
  { routing: { kind: 'permission', connectorId: 'claude' }, origin: 'agent', event: 'may I edit main.ts?' },
  { routing: { kind: 'permission', connectorId: 'gemini' }, origin: 'agent', event: 'may I delete every test?' },
];
for (const busEvent of published) {
  bus.publish(busEvent);
}
bus.close();

// All have collected already, so they can be read one after the other.
await permissions.events$.forEach(({ event }) => {
  console.log(`permissions: ${event}`);
});
await claudeAtWork.events$.forEach(({ event }) => {
  console.log(`claude at work: ${event}`);
});
await long.events$.forEach(({ event }) => {
  console.log(`long: ${event}`);
});

// Filters work without a bus, too, and survive JSON (all but `where`).
const asked = published.filter((busEvent) => matches(EventFilter.and(ofClaude, questions), busEvent));
console.log(`claude asked ${asked.length} question`);
console.log(JSON.stringify(questions));

// Prints:
// permissions: may I edit main.ts?
// permissions: may I delete every test?
// claude at work: read main.ts
// long: may I delete every test?
// claude asked 1 question
// {"type":"kind","kinds":["permission"]}
