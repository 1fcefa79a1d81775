// A slow subscriber loses only its own events. It knows how many, and delays no other subscriber.
import { EventFilter, SharingBus } from 'sharing-bus';
import { skip, take } from 'rxjs';

const bus = new SharingBus<string>();
const archive = bus.subscribeAll(); // Room for 256 events that wait.
const screen = bus.subscribeFiltered(EventFilter.all, 2); // Room for two.

const archived: string[] = [];
const archiving = archive.events$.forEach(({ event }) => {
  archived.push(event);
});
const shown: string[] = [];
const showing = screen.events$.forEach(({ event }) => {
  shown.push(event);
});

function publish(...words: string[]): void {
  for (const word of words) {
    bus.publish({ routing: { kind: 'agent-message' }, origin: 'agent', event: word });
  }
}

// lagged$ emits the present count (skipped here), then each new count.
const firstLoss = screen.lagged$.pipe(skip(1), take(1)).forEach((lagged) => {
  console.log(`the screen has lost ${lagged}`);
});

// A burst. No consumer is called before it is over, so five events meet a queue of two.
publish('one', 'two', 'three', 'four', 'five');
// Events that wait stay, arriving events are rejected, and the count is exact on the next line.
console.log(`after the burst: archive lagged ${archive.lagged}, screen lagged ${screen.lagged}`);

await firstLoss;
// The screen has taken its events, so there is room again.
publish('six');

bus.close();
await Promise.all([archiving, showing]);
console.log(`archive: ${archived.join(' ')}`);
console.log(`screen:  ${shown.join(' ')}`);
console.log(`at the end: archive lagged ${archive.lagged}, screen lagged ${screen.lagged}`);

// Prints:
// after the burst: archive lagged 0, screen lagged 3
// the screen has lost 3
// archive: one two three four five six
// screen:  one two six
// at the end: archive lagged 0, screen lagged 3
