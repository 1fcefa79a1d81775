// Losses in their place: deliveries say how many events are missing, and where.
import { type Delivery, EventFilter, SharingBus } from 'sharing-bus';
import { setTimeout } from 'node:timers/promises';

const bus = new SharingBus<string>();
const screen = bus.subscribeFiltered(EventFilter.all, 2);
const log = bus.subscribeFiltered(EventFilter.all, 2);

function line(delivery: Delivery<string>): string {
  if (delivery.type === 'event') {
    return delivery.event.event;
  }
  const kinds = Object.entries(delivery.byKind).map(([kind, count]) => `${count} ${kind}`);
  return `... ${delivery.missed} missing: ${kinds.join(', ')}`;
}

function publish(kind: string, ...words: string[]): void {
  for (const event of words) {
    bus.publish({ routing: { kind }, origin: 'agent', event });
  }
}

// In place of events$: the same events, and each gap before the event that followed it.
screen.deliveries$.subscribe((delivery) => {
  console.log(`screen: ${line(delivery)}`);
});

publish('agent-message', 'one', 'two', 'three');
publish('tool-call', 'four', 'five');
await setTimeout(); // The screen takes its events, and has room again. The log takes nothing yet.
publish('agent-message', 'six');
bus.close();

// In place of recv(), tryRecv() and for await: the same, at the pace of the consumer.
for await (const delivery of log.deliveries) {
  console.log(`log: ${line(delivery)}`);
}
console.log(`lost in all: screen ${screen.lagged}, log ${log.lagged}`);

// Prints:
// screen: one
// screen: two
// screen: ... 3 missing: 1 agent-message, 2 tool-call
// screen: six
// log: one
// log: two
// log: ... 4 missing: 2 agent-message, 2 tool-call
// lost in all: screen 3, log 4
