import { describe, expect, it } from '@jest/globals';
import { acceptsEventStream } from '../../lib/sse/accepts.js';

describe('acceptsEventStream', () => {
  it.each([
    [null, true],
    ['', true],
    ['  ', true],
    ['*/*', true],
    ['text/*', true],
    ['text/event-stream', true],
    ['Text/Event-Stream;charset=utf-8', true],
    ['text/html, text/event-stream;q=0.1', true],
    ['text/html,*/*;q=0.1', true],
    ['text/event-stream; q=1, */*;q=0', true],
    ['text/html', false],
    ['application/*', false],
    ['text/event-streams', false],
    ['text/event-stream;q=0, */*', false],
    ['*/*, text/event-stream ; q=0.000', false],
    ['text/*;q=0, */*', false],
    ['text/event-stream;q=', false],
    ['text/event-stream;q=much', false],
    [',', false],
  ])('%j: %j', (accept, accepts) => {
    expect(acceptsEventStream(accept)).toBe(accepts);
  });
});
