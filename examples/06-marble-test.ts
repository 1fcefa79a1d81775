// A marble test of a pipeline that goes through the bus: virtual time, exact drops, with any test framework or none.
import assert from 'node:assert/strict';
import { EventFilter, SharingBus } from 'sharing-bus';
import { concat, map, type Observable, of, switchMap, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

/** What is tested: a status line of an agent's tool calls, and a dot when there was none for 4 ms. */
function statusLine(bus: SharingBus<string>): Observable<string> {
  return bus.stream(EventFilter.kind('tool-call'), { capacity: 2 }).pipe(
    map(({ event }) => event.toUpperCase()),
    switchMap((tool) => concat(of(tool), timer(4).pipe(map(() => '.')))),
  );
}

function publish(bus: SharingBus<string>, tool: string): void {
  bus.publish({ routing: { kind: 'tool-call' }, origin: 'agent', event: tool });
}

// Inside run(), the bus's default scheduler is virtual, as are the timers.
new TestScheduler(assert.deepEqual).run(({ hot, expectObservable }) => {
  const bus = new SharingBus<string>();
  const published = '-(abcd)--e----|';
  const expected = ' -(AB).---E---.|'; // c and d found the queue full.

  expectObservable(statusLine(bus)).toBe(expected);
  hot(published).subscribe({
    next: (tool) => {
      publish(bus, tool);
    },
    complete: () => {
      bus.close();
    },
  });
});
console.log('passed in virtual time');

// Outside, with the real scheduler, the same burst loses the same two.
const bus = new SharingBus<string>();
const line = statusLine(bus).forEach((text) => {
  console.log(text);
});
for (const tool of 'abcd') {
  publish(bus, tool);
}
bus.close();
await line;

// Prints:
// passed in virtual time
// A
// B
// .
