import { describe, expect, it } from '@jest/globals';
import { bundled, outputOf } from '../support/bundled.js';

/** Runs first: the globals of Cloudflare's workers while a module is loaded, with a compatibility date before 2025-05-05. */
const platform = `
  void Response;
  delete globalThis.WeakRef;
  delete globalThis.FinalizationRegistry;
  const draw = crypto.getRandomValues;
  globalThis.isLoaded = (loaded) => {
    crypto.getRandomValues = loaded ? draw : () => {
      throw new Error('no random numbers while a module is loaded');
    };
  };
  isLoaded(false);
`;

describe('a platform without weak references, and without random numbers while a module is loaded', () => {
  it('has a bus, receivers and event streams that are made at the top of a module', async () => {
    const program = await bundled(
      `
      import { EventFilter, SharingBus } from '../../lib/index.js';
      import { EventStreams } from '../../lib/sse/index.js';

      const bus = new SharingBus({ history: { capacity: 10 } });
      const controller = new AbortController();
      const receiver = bus.subscribeFiltered(EventFilter.all, { capacity: 10, signal: controller.signal, from: 'start' });
      const streams = new EventStreams(bus, { filter: EventFilter.all });
      bus.publish({ routing: { kind: 'a' }, origin: 'runtime', event: 1 });
      isLoaded(true);
      const response = await streams.respond(new Request('http://a.test/?from=start'));
      const [first, again] = [bus.position, bus.position];
      const taken = await receiver.recv();
      controller.abort();
      bus.close();
      const text = await response.text();
      console.log(JSON.stringify({
        isOneEpoch: first.epoch === again.epoch && text.includes(first.epoch + ':1'),
        taken: taken.event,
        streams: streams.size,
        slots: bus.subscriberCount,
      }));
      `,
      { banner: { js: platform } },
    );
    expect(JSON.parse(await outputOf(program))).toEqual({ isOneEpoch: true, taken: 1, streams: 0, slots: 0 });
  });
});
