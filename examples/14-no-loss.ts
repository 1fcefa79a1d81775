// A receiver that must lose nothing: the publisher waits for it, and for no other receiver.
import { type BusEvent, EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus<number>();
const archive = bus.subscribeFiltered(EventFilter.all, { capacity: 16 });
const sample = bus.subscribeFiltered(EventFilter.all, { capacity: 4 });

let archived = 0;
void archive.events$.forEach(() => {
  archived += 1;
});

function entry(event: number): BusEvent<number> {
  return { routing: { kind: 'log' }, origin: 'connector', event };
}

/** A source that is faster than any consumer: a file, say. */
async function* file(): AsyncGenerator<BusEvent<number>> {
  for (let number = 1; number <= 1_000; number += 1) {
    yield await Promise.resolve(entry(number));
  }
}

// connect publishes 16 events, waits until the archive has taken them, and publishes the next 16.
const published = await bus.connect(file(), { window: 16, waitFor: [archive] });
console.log(`published ${published}`);

// flush waits for the events that were published before: here, the last few of the file, and one more.
bus.publish(entry(1_001));
await bus.flush(EventFilter.all, { waitFor: [archive], signal: AbortSignal.timeout(1_000) });
console.log(`archived ${archived}, lost ${archive.lagged}`);

// The sample has no consumer at all, and it has delayed nothing.
console.log(`the sample has lost ${sample.lagged}`);
bus.close();

// Prints:
// published 1000
// archived 1001, lost 0
// the sample has lost 997
