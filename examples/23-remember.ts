// A bus that remembers: its events are in a file, and another bus on this file goes on where the first one was.
import { rmSync } from 'node:fs';
import { EventFilter, SharingBus } from 'sharing-bus';
import { sqliteUpstream } from 'sharing-bus/sqlite';

const file = '23-remember.db';
const open = (): SharingBus<string> => new SharingBus({ upstream: sqliteUpstream({ file }) });

function say(bus: SharingBus<string>, ...words: string[]): void {
  for (const event of words) {
    bus.publish({ routing: { kind: 'word' }, origin: 'agent', event });
  }
}

// The first process: a page has got two of three events when the process ends.
const first = open();
const page = first.subscribeAll();
say(first, 'one', 'two', 'three');
console.log((await page.recv())?.event, (await page.recv())?.event);
const seen = page.position;
page.dispose();
first.close();

// The second process: the same places, and the page goes on where it was.
const second = open();
console.log('same epoch:', second.position?.epoch === seen?.epoch, 'last place:', second.position?.seq);
say(second, 'four');
const again = second.subscribeFiltered(EventFilter.all, { from: seen });
second.close();
for await (const { seq, event } of again) {
  console.log(seq, event);
}

['', '-wal', '-shm', '-lock'].forEach((end) => {
  rmSync(`${file}${end}`, { force: true });
});

// Prints:
// one two
// same epoch: true last place: 3
// 3 three
// 4 four
