import { asapScheduler, of } from 'rxjs';
import { type BusEvent, dropNewest, EventFilter, lateBindScrollId, matches, newUuid, SharingBus } from 'sharing-bus';
import { parseBusEvent, parseEventFilter, ValidationError } from 'sharing-bus/schema';
import { busEvent, publishTo, runMarbles } from 'sharing-bus/testing';
import { TestScheduler } from 'rxjs/testing';
import { EventStreamError, EventStreams, fromEventStream } from 'sharing-bus/sse';

// checkPackage.ts compiles and runs this as code of a user: strict, with the packed types, without the types of DOM or Node.
interface Note {
  readonly type: 'note';
  readonly text: string;
}

let compared = 0;
const testScheduler = new TestScheduler((actual, expected) => {
  compared += 1;
  if (JSON.stringify(actual) !== JSON.stringify(expected)) {
    throw new Error(`the testing entry does not work: ${JSON.stringify(actual)}`);
  }
});
runMarbles(testScheduler, ({ testBus, busEvents, expectDeliveries }) => {
  const tested = testBus();
  const values = {
    a: busEvent('a', { kind: 'note' }),
    b: busEvent('b', { kind: 'note' }),
    c: busEvent('c', { kind: 'note' }),
  };
  expectDeliveries(tested.subscribeFiltered(EventFilter.kind('note'), 1)).toBe('-a-(b1)-|', values);
  busEvents('-a-(bc)-|', values).subscribe(publishTo(tested));
});
if (compared !== 1) {
  throw new Error('the testing entry makes no comparison');
}

using bus = new SharingBus<Note>({ scheduler: asapScheduler });
const noteOnly = EventFilter.and(
  EventFilter.kind('note'),
  EventFilter.where<Note>(({ event }) => event.text !== ''),
);
const note: BusEvent<Note> = { routing: { kind: 'note' }, origin: 'user', event: { type: 'note', text: 'hello' } };
const receiver = bus.subscribeFiltered(noteOnly, 1);
bus.publish(note);
bus.publish(note);
if (receiver.lagged !== 1 || !matches(noteOnly, note) || newUuid().length !== 36) {
  throw new Error('the main entry does not work');
}

const events: BusEvent[] = [];
of(parseBusEvent({ routing: { kind: 'system' }, origin: 'runtime', event: { type: 'Connected' } }))
  .pipe(lateBindScrollId(), dropNewest({ capacity: 1 }))
  .subscribe((busEvent) => events.push(busEvent));
try {
  parseEventFilter({ type: 'nothing known' });
  throw new Error('the schema entry accepts invalid data');
} catch (error) {
  if (!(error instanceof ValidationError)) {
    throw error;
  }
}

const streams = new EventStreams(bus, { filter: noteOnly, heartbeatMs: 1_000 });
fromEventStream('http://127.0.0.1:9/', { retry: false }).subscribe({
  error: (error: unknown) => {
    if (!(error instanceof EventStreamError) || streams.size !== 0) {
      throw new Error('the entry of event streams does not work');
    }
  },
});
