// Work that takes time, on one event after another: events wait in a bounded queue while the work runs.
import { concatMapDropNewest, EventFilter, SharingBus } from 'sharing-bus';
import { range } from 'rxjs';
import { setTimeout } from 'node:timers/promises';

const bus = new SharingBus<string>();

async function save(text: string): Promise<string> {
  await setTimeout(1);
  return `saved ${text}`;
}

// The next event is taken when the promise that consume returns has resolved. Its value goes into the stream.
// (With RxJS's concatMap, events would wait in a queue without a bound.)
const saved$ = bus.stream(EventFilter.kind('usage'), {
  name: 'saver',
  capacity: 3,
  consume: ({ event }) => save(event),
});
const saving = saved$.forEach((text) => {
  console.log(text);
});

for (const event of ['one', 'two', 'three', 'four', 'five']) {
  bus.publish({ routing: { kind: 'usage' }, origin: 'agent', event });
}
// A stream has no `lagged`. stats() has it.
const [saver] = bus.stats().receivers;
console.log(`${saver?.name}: ${saver?.lagged} lost`);

bus.close();
await saving;

// The same in a pipe of your own, without a bus. Two values may wait here, so the last two are dropped.
const squares$ = range(1, 5).pipe(concatMapDropNewest((value) => Promise.resolve(value ** 2), { capacity: 2 }));
await squares$.forEach((square) => {
  console.log(square);
});

// Prints:
// saver: 2 lost
// saved one
// saved two
// saved three
// 1
// 4
// 9
