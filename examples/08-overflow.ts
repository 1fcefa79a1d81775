// When a queue is full: choose for each receiver which events it loses.
import { type EventKind, EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus<string>();

// The default: events that wait stay, and the arriving event is lost.
const newest = bus.subscribeFiltered(EventFilter.all, { capacity: 3 });

// For a view of the present: the event that has waited longest is lost.
const oldest = bus.subscribeFiltered(EventFilter.all, { capacity: 3, overflow: 'drop-oldest' });

// Chatter must not push out a question: two more places that only questions may take.
const reserve = { capacity: 2, kinds: ['permission'] };
const reserved = bus.subscribeFiltered(EventFilter.all, { capacity: 3, reserve });

function publish(kind: EventKind, ...words: string[]): void {
  for (const event of words) {
    bus.publish({ routing: { kind }, origin: 'agent', event });
  }
}

// Consumers are called later, on the scheduler: the whole burst meets the three queues.
publish('agent-message', 'one', 'two', 'three', 'four', 'five');
publish('permission', 'May I?');
bus.close();

for (const [name, receiver] of Object.entries({ newest, oldest, reserved })) {
  const words: string[] = [];
  await receiver.events$.forEach(({ event }) => {
    words.push(event);
  });
  console.log(`${name}: ${words.join(' ')} (${receiver.lagged} lost)`);
}

// Prints:
// newest: one two three (3 lost)
// oldest: four five May I? (3 lost)
// reserved: one two three May I? (2 lost)
