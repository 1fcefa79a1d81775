import { describe, expect, it } from '@jest/globals';
import { EventFilter, type BusPosition } from '../../lib/index.js';
import { EventStreams, fromEventStream } from '../../lib/sse/index.js';
import { event } from '../support/events.js';
import { parse, serve, told, Watch } from '../sse/support.js';
import { busOn, tempFile } from './support/files.js';

describe('a page of a bus that remembers', () => {
  it('goes on where it was when the server is started again: no gap, and nothing twice', async () => {
    const file = tempFile();
    const positions: BusPosition[] = [];
    const first = busOn(file);
    first.publish(event('before'));
    const streams = new EventStreams(first, { filter: EventFilter.all, retryMs: 10 });
    const server = await serve((request, response) => {
      void streams.handle(request, response);
    });
    const watch = new Watch(
      fromEventStream<string>(server.url, {
        parse,
        from: 'start',
        onPosition: (position) => positions.push(position),
      }),
    );
    first.publish(event('one'));
    await watch.count(2);
    first.publish(event('two'));
    await watch.count(3);
    await streams.close();
    await server[Symbol.asyncDispose]();
    // Nobody is connected.
    first.publish(event('three'));
    first.close();

    const second = busOn(file);
    second.publish(event('four'));
    const later = new EventStreams(second, { filter: EventFilter.all });
    await using again = await serve(
      (request, response) => {
        void later.handle(request, response);
      },
      Number(new URL(server.url).port),
    );
    await watch.count(5);
    second.publish(event('five'));
    await watch.count(6);
    watch.stop();
    await later.close();
    expect(again.url).toBe(server.url);
    expect(watch.values.map(told)).toEqual(['before', 'one', 'two', 'three', 'four', 'five']);
    expect(new Set(positions.map(({ epoch }) => epoch)).size).toBe(1);
    expect(positions.at(-1)).toEqual({ epoch: second.position?.epoch, seq: 6 });
  });
});
