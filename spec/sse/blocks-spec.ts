import { describe, expect, it } from '@jest/globals';
import { block, comment, parsePosition, positionText, byteLength } from '../../lib/sse/blocks.js';
import { EventBlocks } from '../../lib/sse/EventBlocks.js';
import fc from 'fast-check';

describe('block', () => {
  it('is what its fields say, each on a line of its own, and an empty line', () => {
    expect([block('{}'), block('{}', { event: 'gap' }), block('{}', { event: 'gap', id: 'e:1' })]).toEqual([
      'data: {}\n\n',
      'event: gap\ndata: {}\n\n',
      'event: gap\nid: e:1\ndata: {}\n\n',
    ]);
    expect(comment('heartbeat')).toBe(': heartbeat\n\n');
  });

  it('is read as what it was, comments aside, also where a field is empty', () => {
    const read: unknown[] = [];
    const blocks = new EventBlocks(1_000, {
      onBlock: ({ event, id, data }) => read.push([event, id, data]),
      onRetry: () => undefined,
      onComment: () => read.push('comment'),
    });
    const data = JSON.stringify({ text: ' :\n\r\u2028 id: x\n\n' });
    blocks.feed(
      block(data, { event: 'gap', id: 'e:1' }) + comment('heartbeat') + block(data, { id: '' }) + block(data),
    );
    expect(read).toEqual([['gap', 'e:1', data], 'comment', [undefined, '', data], [undefined, undefined, data]]);
  });
});

describe('parsePosition', () => {
  it.each([
    { epoch: 'e', seq: 0 },
    { epoch: '01890a5d-ac96-774b-bcce-b302099a8057', seq: 1 },
    { epoch: 'x'.repeat(64), seq: Number.MAX_SAFE_INTEGER },
  ])('reads what positionText writes: %j', (position) => {
    expect(parsePosition(positionText(position))).toEqual(position);
  });

  it.each([
    '',
    ':',
    'e',
    'e:',
    ':1',
    'e:-1',
    'e:+1',
    'e:01',
    'e:1.0',
    'e:1e3',
    'e: 1',
    ' e:1',
    'e:1\n',
    'e:1:2',
    'é:1',
    'e_f:1',
    `${'x'.repeat(65)}:1`,
    'e:9007199254740992',
    'e:99999999999999999',
    'e:Infinity',
  ])('takes %j for none', (text) => {
    expect(parsePosition(text)).toBeUndefined();
  });
});

describe('byteLength', () => {
  it('is within the limit exactly where the UTF-8 bytes are, whatever the text', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'ü', '€', '😀', '\ud83d', '\u0000') });
    fc.assert(
      fc.property(text, fc.integer({ min: 0, max: 40 }), (value, limit) => {
        expect(byteLength(value, limit) <= limit).toBe(Buffer.byteLength(value) <= limit);
      }),
    );
  });

  it.each([
    ['', 0],
    ['a'.repeat(9), 9],
    ['€'.repeat(3), 9],
    ['😀', 4],
  ])('%j fits into its own bytes, and into no fewer', (text, bytes) => {
    expect([byteLength(text, bytes) <= bytes, byteLength(text, bytes - 1) <= bytes - 1]).toEqual([true, false]);
  });
});
