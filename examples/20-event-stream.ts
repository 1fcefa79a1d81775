// From a server to a page: events over HTTP as Server-Sent Events, gaps included. The page reconnects by itself.
import { EventFilter, SharingBus } from 'sharing-bus';
import { fromEventStream, iterateEventStream, toEventStream } from 'sharing-bus/sse';
import { take } from 'rxjs';

// The server. With a history, a page whose connection was cut goes on where it was.
const bus = new SharingBus({ history: { capacity: 1_000 } });

/** For Hono, Deno, Bun and others that use Request and Response. For `node:http` and Express, see `EventStreams`. */
function serve(request: Request): Response {
  return toEventStream(bus, request, {
    // What a page may see. Its own filter can only narrow this.
    filter: EventFilter.not(EventFilter.origin('user')),
    capacity: 64,
  });
}

// The page. Without `fetch`, the platform's is used. Here it calls the server directly, without a network.
const events$ = fromEventStream('http://localhost/events', {
  filter: EventFilter.kind('agent-message', 'user-message'),
  from: 'start',
  fetch: (url, { headers, signal }) => Promise.resolve(serve(new Request(url, { headers, signal }))),
  onStatus: ({ state }) => {
    console.log(`[${state}]`);
  },
});

const content = (text: string) => ({ type: 'text', text }) as const;
bus.publish({
  routing: { kind: 'user-message' },
  origin: 'user',
  event: { type: 'UserMessageChunk', content: content('Psst!') },
});
bus.publish({
  routing: { kind: 'agent-message' },
  origin: 'agent',
  event: { type: 'AgentMessageChunk', content: content('Hello!') },
});

await events$.pipe(take(1)).forEach((delivery) => {
  console.log(delivery.type === 'gap' ? `... ${delivery.missed} missing` : JSON.stringify(delivery.event.event));
});

// A page that takes its time over each event reads at its own pace: what it does not ask for waits in its queue on the server.
const slow = iterateEventStream('http://localhost/events', {
  from: 'start',
  fetch: (url, { headers, signal }) => Promise.resolve(serve(new Request(url, { headers, signal }))),
});
for await (const delivery of slow) {
  console.log(delivery.type === 'gap' ? `... ${delivery.missed} missing` : `slowly: ${delivery.event.event.type}`);
  break; // Closes the connection.
}

// Prints:
// [connecting]
// [open]
// {"type":"AgentMessageChunk","content":{"type":"text","text":"Hello!"}}
// [closed]
// slowly: AgentMessageChunk
