// A consumer that takes events when it is ready for them: recv, tryRecv and for await.
import { EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus<string>();
const receiver = bus.subscribeFiltered(EventFilter.kind('tool-call'));

function publish(...words: string[]): void {
  for (const event of words) {
    bus.publish({ routing: { kind: 'tool-call' }, origin: 'agent', event });
  }
}

// recv waits for the next event. Overlapping calls are served in order.
const next = receiver.recv();
publish('list files');
console.log(`recv: ${(await next)?.event}`);

// A signal ends the wait, and no event is taken. For a limit in time: `AbortSignal.timeout(1_000)`.
const stop = new AbortController();
const given = receiver.recv({ signal: stop.signal }).catch((error: unknown) => {
  console.log(`recv: ${error instanceof Error ? error.message : String(error)}`);
});
stop.abort(new Error('no longer needed'));
await given;

// tryRecv never waits. Here it takes all events that wait now, as one batch.
publish('read a.ts', 'read b.ts');
const batch: string[] = [];
let taken = receiver.tryRecv();
while (taken.type === 'event') {
  batch.push(taken.event.event);
  taken = receiver.tryRecv();
}
console.log(`tryRecv: ${batch.join(', ')}, then ${taken.type}`);

// for await takes one event after another until the receiver has completed. If you leave the loop early, the receiver leaves the bus.
publish('edit a.ts', 'run tests');
bus.close();
for await (const { event } of receiver) {
  console.log(`for await: ${event}`);
}
// After the end, recv resolves with undefined, and tryRecv says why it took nothing.
console.log(`the end: ${(await receiver.recv()) === undefined}, ${receiver.tryRecv().type}`);

// Prints:
// recv: list files
// recv: no longer needed
// tryRecv: read a.ts, read b.ts, then empty
// for await: edit a.ts
// for await: run tests
// the end: true, completed
