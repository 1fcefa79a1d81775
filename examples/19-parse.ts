// Data from outside: parse it where it comes in, and every problem is reported with its path.
import { EventFilter, InvalidUuidError, parseUuid, SharingBus } from 'sharing-bus';
import { parseBusEvent, parseEventFilter, ValidationError } from 'sharing-bus/schema';

const bus = new SharingBus();
const scrollId = '0198c0de-0000-7000-8000-000000000001';

// A filter that a page has sent. It is data, so it travels as JSON.
const wish = JSON.stringify(EventFilter.or(EventFilter.scrollId(scrollId), EventFilter.kind('permission')));
const receiver = bus.subscribeFiltered(parseEventFilter(JSON.parse(wish)));

const lines = [
  // A UUID may be in any spelling. The parsed copy has the canonical one.
  `{"routing":{"kind":"plan","scrollId":"${scrollId.toUpperCase()}"},"origin":"agent","event":{"type":"Plan","entries":[]}}`,
  // An event type that the library does not know is accepted as it is.
  '{"routing":{"kind":"permission"},"origin":"agent","event":{"type":"PermissionForwarded","to":"Ada"}}',
  '{"routing":{"kind":7},"event":{"type":"Notice","severity":"loud"}}',
];
for (const line of lines) {
  try {
    bus.publish(parseBusEvent(JSON.parse(line)));
  } catch (error) {
    for (const { path, message } of error instanceof ValidationError ? error.issues : []) {
      console.log(`refused: ${path} ${message}`);
    }
  }
}
bus.close();
await receiver.events$.forEach(({ routing, event }) => {
  console.log(`${event.type} -> ${routing.scrollId ?? 'no scroll'}`);
});

// The same for a single id.
console.log(parseUuid('urn:uuid:0198C0DE-0000-7000-8000-000000000001'));
try {
  parseUuid('s-1');
} catch (error) {
  console.log(error instanceof InvalidUuidError ? error.message : error);
}

// Prints:
// refused: routing.kind must be a string, got 7
// refused: origin must be a string, got undefined
// refused: event.title must be a string, got undefined
// Plan -> 0198c0de-0000-7000-8000-000000000001
// PermissionForwarded -> no scroll
// 0198c0de-0000-7000-8000-000000000001
// not a UUID: "s-1"
