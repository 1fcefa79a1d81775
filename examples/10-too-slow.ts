// When losing events is worse than stopping: end the receiver of a slow consumer with an error.
import { EventFilter, SharingBus, SlowConsumerError } from 'sharing-bus';
import { VirtualTimeScheduler } from 'rxjs';

// Virtual time, so that this example need not wait. You can leave it out.
const scheduler = new VirtualTimeScheduler();
const bus = new SharingBus<string>({ scheduler });

// evict: the receiver ends when an event finds its queue full.
const strict = bus.subscribeFiltered(EventFilter.all, { name: 'strict', capacity: 2, overflow: 'evict' });
// stallAfterMs: the receiver ends when events wait and none has been taken for a second.
const pulled = bus.subscribeFiltered(EventFilter.all, { name: 'pulled', stallAfterMs: 1_000 });

for (const receiver of [strict, pulled]) {
  receiver.closed$.subscribe(() => {
    console.log(`${receiver.name} has left the bus`);
  });
}

for (const event of ['one', 'two', 'three']) {
  bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event });
}
scheduler.flush(); // Lets the second pass.
console.log(`receivers: ${bus.subscriberCount}`);

// The events that wait can still be taken. The error comes after them.
for (const receiver of [strict, pulled]) {
  try {
    for await (const { event } of receiver) {
      console.log(`${receiver.name}: ${event}`);
    }
  } catch (error) {
    if (error instanceof SlowConsumerError) {
      console.log(`${error.message}; ${error.lagged} lost`);
    }
  }
}

// Prints:
// strict has left the bus
// pulled has left the bus
// receivers: 0
// strict: one
// strict: two
// receiver 0 was too slow: 2 events waited, the oldest for 0 ms; 1 lost
// pulled: one
// pulled: two
// pulled: three
// receiver 1 was too slow: 3 events waited, the oldest for 1000 ms; 0 lost
