import { describe, expect, it } from '@jest/globals';
import { Gaps } from '../../lib/internal/receive/Gaps.js';

describe('Gaps', () => {
  it('tells what is missing at a place, once, and nothing of other places', () => {
    const gaps = new Gaps();
    gaps.add(3, 'chat', 2);
    gaps.add(3, 'end');
    gaps.add(4, 'chat');
    expect([gaps.has(2), gaps.has(3), gaps.take(2)]).toEqual([false, true, undefined]);
    expect(gaps.take(3)).toEqual({ type: 'gap', missed: 3, byKind: { chat: 2, end: 1 } });
    expect([gaps.has(3), gaps.take(3), gaps.has(4)]).toEqual([false, undefined, true]);
  });

  it('an event that goes missing takes what was missing before it along, to what is missing behind it', () => {
    const gaps = new Gaps();
    gaps.add(0, 'chat', 2);
    gaps.add(1, 'end');
    gaps.addEvent(0, 'chat');
    expect([gaps.take(0), gaps.take(1)]).toEqual([undefined, { type: 'gap', missed: 4, byKind: { chat: 3, end: 1 } }]);
    gaps.addEvent(5, 'chat');
    expect([gaps.has(5), gaps.take(6)]).toEqual([false, { type: 'gap', missed: 1, byKind: { chat: 1 } }]);
  });

  it('a gap keeps what it told, and a kind may have any name', () => {
    const gaps = new Gaps();
    gaps.add(0, '__proto__');
    const gap = gaps.take(0);
    gaps.add(0, '__proto__', 5);
    expect(Object.entries(gap?.byKind ?? {})).toEqual([['__proto__', 1]]);
    expect(Object.getPrototypeOf(gap?.byKind)).toBe(Object.prototype);
  });
});
