import { describe, expect, it } from '@jest/globals';
import { block, comment } from '../../lib/sse/blocks.js';
import { EventBlocks } from '../../lib/sse/EventBlocks.js';

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
