// A receiver as a web stream: for pipeTo, pipeThrough, Response, and any API that takes a stream.
import { type BusEvent, EventFilter, SharingBus } from 'sharing-bus';

const bus = new SharingBus<string>();
const receiver = bus.subscribeFiltered(EventFilter.kind('log'), { capacity: 1_000 });

const toLines = new TransformStream<BusEvent<string>, string>({
  transform: ({ event }, controller) => {
    controller.enqueue(`${JSON.stringify(event)}\n`);
  },
});
// The stream takes an event when it is read, so with a slow reader events wait in the receiver's bounded queue.
const body = receiver.toReadableStream().pipeThrough(toLines).pipeThrough(new TextEncoderStream());

for (const event of ['one', 'two', 'three']) {
  bus.publish({ routing: { kind: 'log' }, origin: 'agent', event });
}
bus.close();

// The body of an answer, say.
const text = await new Response(body).text();
console.log(text.trimEnd());

// Prints:
// "one"
// "two"
// "three"
