import { describe, expect, it } from '@jest/globals';
import type { BusEvent } from '../../lib/index.js';
import { SharedTexts } from '../../lib/sse/SharedTexts.js';
import { event } from '../support/events.js';

function setUp(length = 0): { texts: SharedTexts<number>; written: number[]; events: BusEvent<number>[] } {
  const written: number[] = [];
  const texts = new SharedTexts<number>(({ event: payload }) => {
    written.push(payload);
    return { text: `${payload};`.padEnd(length, '.') };
  });
  return { texts, written, events: Array.from({ length: 5 }, (_, n) => event(n)) };
}

/** The chunk of these events. */
function chunkOf(texts: SharedTexts<number>, events: readonly BusEvent<number>[]) {
  return events.reduce((chunk, one) => texts.with(chunk, one, texts.entryOf(one)), texts.empty);
}

describe('SharedTexts', () => {
  it('makes the text of an event once, and the bytes of equal runs once, whatever others ask for between', () => {
    const { texts, written, events } = setUp();
    const [a, b, c] = events as [BusEvent<number>, BusEvent<number>, BusEvent<number>];
    const runs = [[a, b, c], [a, c], [b], [a, b]].map((run) => chunkOf(texts, run));
    expect(runs.map(({ text }) => text)).toEqual(['0;1;2;', '0;2;', '1;', '0;1;']);
    const again = [[a, c], [a, b, c], [a, b], [b]].map((run) => chunkOf(texts, run));
    expect(again.map((chunk) => runs.indexOf(chunk))).toEqual([1, 0, 3, 2]);
    expect([written, again[0]?.bytes === runs[1]?.bytes]).toEqual([[0, 1, 2], true]);
    expect(new TextDecoder().decode(runs[0]?.bytes)).toBe('0;1;2;');
  });

  it('at the end of a round keeps no run, and texts only while a stream needs them', () => {
    const { texts, written, events } = setUp();
    const run = chunkOf(texts, events.slice(0, 2));
    texts.endRound(true);
    expect([chunkOf(texts, events.slice(0, 2)) === run, written, texts.kept]).toEqual([false, [0, 1], 4]);
    texts.endRound(false);
    expect(texts.kept).toBe(0);
    chunkOf(texts, events.slice(0, 1));
    expect(written).toEqual([0, 1, 0]);
  });

  it('keeps the newest texts up to 1 MiB of characters, or one that is longer', () => {
    const { texts, written, events } = setUp(2 ** 19);
    chunkOf(texts, events);
    expect(texts.kept).toBe(2 ** 20);
    chunkOf(texts, [...events.slice(3), ...events.slice(0, 1)]);
    expect(written).toEqual([0, 1, 2, 3, 4, 0]);
    const large = setUp(2 ** 21);
    chunkOf(large.texts, large.events.slice(0, 2));
    expect(large.texts.kept).toBe(2 ** 21);
  });
});
