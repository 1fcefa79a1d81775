import { describe, expect, it } from '@jest/globals';
import { type BusEvent, EventFilter, type SharingBus } from '../../lib/index.js';
import { EventStreams } from '../../lib/sse/index.js';
import { busOn, tempFile } from './support/files.js';

const word = (text: string): BusEvent<string> => ({ routing: { kind: 'word' }, origin: 'agent', event: text, at: 0 });

/** The blocks of an event stream, as a page gets them, until `count` events have come. */
async function blocksOf(bus: SharingBus<string>, lastEventId: string | undefined, count: number): Promise<string[]> {
  const streams = new EventStreams(bus, { filter: EventFilter.all });
  const headers: Record<string, string> = lastEventId === undefined ? {} : { 'last-event-id': lastEventId };
  const response = await streams.respond(new Request('http://localhost/', { headers }));
  bus.publish(word('live'));
  const reader = (response.body as ReadableStream<Uint8Array>).getReader();
  let text = '';
  while (text.split('"event":').length <= count) {
    const { value } = await reader.read();
    text += new TextDecoder().decode(value);
  }
  await reader.cancel();
  await streams.close();
  return text.split('\n\n');
}

const idOf = (block: string): string | undefined => /^id: ?(.*)$/m.exec(block)?.[1];
const eventIn = (block: string): string[] => {
  const event = /"event":"([^"]*)"/.exec(block)?.[1];
  return event === undefined ? [] : [event];
};

describe('a page', () => {
  it('goes on where it was, without a gap, after the server was started again', async () => {
    const file = tempFile();
    const first = busOn(file);
    const before = await blocksOf(first, undefined, 1);
    const seen = before.filter((block) => eventIn(block).length > 0).map(idOf)[0];
    first.publish(word('missed by the page'));
    first.close();

    const second = busOn(file);
    second.publish(word('before the page is back'));
    const blocks = await blocksOf(second, seen, 3);
    expect(blocks.flatMap(eventIn)).toEqual(['missed by the page', 'before the page is back', 'live']);
    expect(blocks.join()).not.toContain('gap');
  });
});
