// Only the newest state matters: a waiting event gives way to a newer one of the same key.
import { EventFilter, SharingBus } from 'sharing-bus';

interface Progress {
  readonly file: string;
  readonly percent: number;
}

const bus = new SharingBus<Progress>();
const progress = bus.subscribeFiltered(EventFilter.kind('progress', 'turn-end'), {
  capacity: 16,
  overflow: 'latest',
  // One event waits for each file.
  key: ({ event }) => event.file,
  // The end of a turn is never replaced, and neither is the progress that waits before it.
  barrier: ({ routing }) => routing.kind === 'turn-end',
});

function publish(kind: string, file: string, percent: number): void {
  bus.publish({ routing: { kind }, origin: 'agent', event: { file, percent } });
}

publish('progress', 'a.ts', 10);
publish('progress', 'b.ts', 10);
publish('progress', 'a.ts', 60); // Replaces 10 % of a.ts.
publish('turn-end', '', 100);
publish('progress', 'a.ts', 20); // The next turn: 60 % of a.ts stays, because a barrier is between them.
publish('progress', 'a.ts', 90); // Replaces 20 % of a.ts.
bus.close();

await progress.events$.forEach(({ routing, event }) => {
  console.log(`${routing.kind} ${event.file} ${event.percent} %`);
});
console.log(`${progress.lagged} replaced`);

// Prints:
// progress a.ts 60 %
// progress b.ts 10 %
// turn-end  100 %
// progress a.ts 90 %
// 2 replaced
