// Find out why: counts of the bus and its receivers, the fate of an event at each receiver, and a log.
import { EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus<string>({
  // You can pass `console` itself. Here, only warnings are logged.
  logger: {
    warn: (...line) => {
      console.log('warning:', ...line);
    },
  },
});
bus.subscribeFiltered(EventFilter.kind('permission'), { name: 'notifier' });
const screen = bus.subscribeFiltered(EventFilter.kind('tool-call'), { name: 'screen', capacity: 2 });
const kept = bus.keepLosses();

const toolCall = { routing: { kind: 'tool-call' }, origin: 'agent', event: 'read main.ts' };
for (let call = 1; call <= 5; call += 1) {
  bus.publish(toolCall); // One warning when a receiver begins to lose events, not one for each event.
}

const { published, dropped, receivers } = bus.stats();
console.log(`published ${published}, dropped ${dropped}`);
for (const { name, waiting, highWaterMark, capacity, lagged } of receivers) {
  console.log(`${name}: ${waiting} of ${capacity} wait (at most ${highWaterMark} so far), ${lagged} lost`);
}

// "Why does this receiver not get that event?" Nothing is published.
for (const { name, matches, drops, why } of bus.explain(toolCall)) {
  console.log(`${name}: ${matches ? 'matches' : 'does not match'}, ${drops ? 'drops' : 'does not drop'}: ${why}`);
}

// `stats()` no longer shows a receiver that has left. Its losses can be kept.
screen.dispose();
for (const { name, lagged } of kept.take()) {
  console.log(`${name} has left: ${lagged} lost`);
}
kept.stop();
bus.close();

// Prints:
// warning: sharing-bus: receiver 1 (screen) begins to lag: its queue of 2 is full
// published 5, dropped 3
// notifier: 0 of 256 wait (at most 0 so far), 0 lost
// screen: 2 of 2 wait (at most 2 so far), 3 lost
// notifier: does not match, does not drop: it does not match kind("permission")
// screen: matches, drops: there is no room: 2 wait
// screen has left: 3 lost
