// Two operators that the bus offers on their own: use them in a pipe of yours, without a bus.
import { type BusEvent, dropNewest, lateBindScrollId } from 'sharing-bus';
import { from, range } from 'rxjs';

// dropNewest: a bounded queue between a fast source and its consumer, which is called on a scheduler.
const fast$ = range(1, 5).pipe(
  dropNewest({
    capacity: 3,
    onDrop: (value, lagged) => {
      console.log(`dropped ${value}, ${lagged} in all`);
    },
  }),
);
await fast$.forEach((value) => {
  console.log(`kept ${value}`);
});

// lateBindScrollId: fills in the scroll id that a session was registered under. Each subscription has a cache of its own.
const scrollId = '0198c0de-0000-7000-8000-000000000001';
const chunk: BusEvent = {
  routing: { kind: 'agent-message', connectorId: 'claude', nativeSessionId: 's-1' },
  origin: 'agent',
  event: { type: 'AgentMessageChunk', content: { type: 'text', text: 'Hello!' } },
};
const registration: BusEvent = {
  routing: { kind: 'session-lifecycle' },
  origin: 'runtime',
  event: { type: 'SessionRegistered', connectorId: 'claude', sessionId: 's-1', scrollId },
};

await from([chunk, registration, chunk])
  .pipe(lateBindScrollId())
  .forEach(({ routing, event }) => {
    console.log(`${event.type} -> ${routing.scrollId ?? 'no scroll'}`);
  });
// The original is unchanged: the operator emits a copy of its envelope.
console.log(`the original -> ${chunk.routing.scrollId ?? 'no scroll'}`);

// Prints:
// dropped 4, 1 in all
// dropped 5, 2 in all
// kept 1
// kept 2
// kept 3
// AgentMessageChunk -> no scroll
// SessionRegistered -> 0198c0de-0000-7000-8000-000000000001
// AgentMessageChunk -> 0198c0de-0000-7000-8000-000000000001
// the original -> no scroll
