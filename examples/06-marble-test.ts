// A marble test of a pipeline that goes through the bus: virtual time, exact drops, with any test framework or none.
import assert from 'node:assert/strict';
import { EventFilter, SharingBus } from 'sharing-bus';
import { busEvent, publishTo, runMarbles } from 'sharing-bus/testing';
import { concat, from, map, type Observable, of, switchMap, timer } from 'rxjs';
import { TestScheduler } from 'rxjs/testing';

/** The code under test: a status line of an agent's tool calls, and a dot after 4 ms without one. */
function statusLine(bus: SharingBus<string>): Observable<string> {
  return bus.stream(EventFilter.kind('tool-call'), { capacity: 2 }).pipe(
    map(({ event }) => event.toUpperCase()),
    switchMap((tool) => concat(of(tool), timer(4).pipe(map(() => '.')))),
  );
}

const testScheduler = new TestScheduler((actual, expected) => {
  assert.deepEqual(actual, expected);
});
const toolCall = (letter: string) => busEvent(letter, { kind: 'tool-call' });

// In here, the bus and all timers run in virtual time.
runMarbles(testScheduler, ({ testBus, busEvents, expectObservable, expectDeliveries }) => {
  const bus = testBus();
  const published = '-(abcd)--e----|';
  const shown = '    -(AB).---E---.|';
  const delivered = '-(ab2)---e----|'; // c and d found the queue full: a gap of 2.

  expectObservable(statusLine(bus)).toBe(shown);
  expectDeliveries(bus.subscribeFiltered(EventFilter.all, 2)).toBe(delivered, toolCall);
  busEvents(published, toolCall).subscribe(publishTo(bus));
});
console.log('passed in virtual time');

// Outside, with the real scheduler, the same burst loses the same two events.
const bus = new SharingBus<string>();
const line = statusLine(bus).forEach((text) => {
  console.log(text);
});
from('abcd').pipe(map(toolCall)).subscribe(publishTo(bus));
await line;

// Prints:
// passed in virtual time
// A
// B
// .
