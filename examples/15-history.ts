// A bus with a history: a receiver can start in the past, or go on where another one stopped.
import { type BusPosition, type BusReceiver, EventFilter, SharingBus } from 'sharing-bus';

// Keeps the newest three events, and at most 64 KiB of them. Without sizeOf, the size of an event is that of its JSON.
const bus = new SharingBus<string>({
  history: { capacity: 3, maxBytes: 65_536, sizeOf: ({ event }) => event.length },
});

function publish(...words: string[]): void {
  for (const event of words) {
    bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event });
  }
}

function startFrom(from: 'start' | BusPosition): BusReceiver<string> {
  return bus.subscribeFiltered(EventFilter.all, { from });
}

publish('one', 'two', 'three');

// From the start: the kept events, then the new ones. No event is missing between them, and none comes twice.
const first = startFrom('start');
publish('four');
console.log((await first.recv())?.event, (await first.recv())?.event);

// A position is plain data: keep it in a file or a page, and go on from there.
const saved = JSON.stringify(first.position);
first.dispose();
const second = startFrom(JSON.parse(saved) as BusPosition);
console.log((await second.recv())?.event, (await second.recv())?.event, `(missed ${second.missed})`);

// Too late: of the events after the position, the history has only the newest three.
publish('five', 'six', 'seven');
const third = startFrom(JSON.parse(saved) as BusPosition);
bus.close();
for await (const delivery of third.deliveries) {
  console.log(delivery.type === 'gap' ? `... ${delivery.missed} missing` : delivery.event.event);
}

// Prints:
// one two
// three four (missed 0)
// ... 2 missing
// five
// six
// seven
