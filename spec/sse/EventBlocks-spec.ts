import { describe, expect, it } from '@jest/globals';
import { createParser } from 'eventsource-parser';
import fc from 'fast-check';
import { EventBlocks } from '../../lib/sse/EventBlocks.js';

const SEED = Number(process.env['SEED'] ?? Date.now() % 2 ** 31);

type Part = readonly unknown[];

/** What the parser alone makes of the pieces. */
function parsed(pieces: readonly string[]): Part[] {
  const parts: Part[] = [];
  const parser = createParser({
    onEvent: ({ event, id, data }) => parts.push(['block', event, id, data]),
    onRetry: (milliseconds) => parts.push(['retry', milliseconds]),
    onComment: (text) => parts.push(['comment', text]),
  });
  pieces.forEach((piece) => {
    parser.feed(piece);
  });
  return parts;
}

function read(pieces: readonly string[], maxLength = 1_000): Part[] {
  const parts: Part[] = [];
  const blocks = new EventBlocks(maxLength, {
    onBlock: ({ event, id, data }) => parts.push(['block', event, id, data]),
    onRetry: (milliseconds) => parts.push(['retry', milliseconds]),
    onComment: (text) => parts.push(['comment', text]),
  });
  pieces.forEach((piece) => {
    blocks.feed(piece);
  });
  return parts;
}

const line = fc.constantFrom(
  'id: a:1',
  'id:a:2',
  'id: ',
  'id',
  'id: a\0',
  'data: {"a":1}',
  'data: ',
  'data:x',
  'data',
  'event: gap',
  'event: ',
  ': heartbeat',
  'retry: 5',
  'ï»¿id: a:1',
  'other: x',
  '',
  '',
  '',
);
const text = fc
  .array(fc.oneof(line, fc.constant('id: a:3\ndata: {}\n')), { maxLength: 20 })
  .map((lines) => lines.map((one) => `${one}\n`).join(''));

describe('EventBlocks', () => {
  it(`gives what the parser gives, however the text is cut (SEED=${SEED})`, () => {
    fc.assert(
      fc.property(text, fc.array(fc.nat(200), { maxLength: 5 }), (all, cuts) => {
        const places = [0, ...cuts.filter((cut) => cut < all.length).sort((a, b) => a - b), all.length];
        // The parser takes an empty text for its first one, which may begin with a byte order mark. It never gets one from the library.
        const pieces = places
          .slice(1)
          .map((end, index) => all.slice(places[index], end))
          .filter((piece) => piece !== '');
        expect(read(pieces)).toEqual(parsed(pieces));
      }),
      { seed: SEED, numRuns: 3_000 },
    );
  });

  it(`bounds a block the same, whether it is taken as a whole or not (SEED=${SEED})`, () => {
    const block = fc
      .tuple(fc.nat(12), fc.nat(12))
      .map(([id, data]) => `id: ${'i'.repeat(id)}\ndata: ${'d'.repeat(data)}\n\n`);
    fc.assert(
      fc.property(fc.array(block, { maxLength: 6 }), (blocks) => {
        // An empty comment makes it a block that is not taken as a whole.
        const others = blocks.map((one) => `:\n${one}`);
        const isBlock = ([what]: Part): boolean => what === 'block';
        expect(read([':\n\n', blocks.join('')], 20).filter(isBlock)).toEqual(
          read([':\n\n', others.join('')], 20).filter(isBlock),
        );
      }),
      { seed: SEED, numRuns: 1_000 },
    );
  });
});
