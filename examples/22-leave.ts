// Ways to leave the bus: close delivers what waits, dispose forgets it; a signal or a scope can do it for you.
import { EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus<string>();
const stop = new AbortController();

const closed = bus.subscribeAll();
const removed = bus.subscribeAll();
const disposed = bus.subscribeAll();
const aborted = bus.subscribeFiltered(EventFilter.all, { signal: stop.signal });
{
  // Where your compiler knows `using`, the receiver leaves at the end of the block.
  using scoped = bus.subscribeAll();
  console.log(`receivers: ${bus.subscriberCount}, the last with id ${scoped.id}`);
}
console.log(`receivers: ${bus.subscriberCount}`);

bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event: 'the last word' });

closed.close();
bus.unsubscribe(removed.id); // As close, for code that has the id alone.
disposed.dispose();
stop.abort(); // As dispose. One signal can end many receivers.
console.log(`receivers: ${bus.subscriberCount}`);

for (const [name, receiver] of Object.entries({ closed, removed, disposed, aborted })) {
  const event = await receiver.recv();
  console.log(`${name}: ${event === undefined ? 'nothing' : event.event}`);
}
// Events that dispose forgets are not counted as lost.
console.log(`lost: ${disposed.lagged}`);

// Prints:
// receivers: 5, the last with id 4
// receivers: 4
// receivers: 0
// closed: the last word
// removed: the last word
// disposed: nothing
// aborted: nothing
// lost: 0
