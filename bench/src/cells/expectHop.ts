import { expectEqual } from '../load/expect.js';
import type { Peer } from '../peers/Peer.js';

/** On the line after a burst: a consumer has got `count`; it had `before`, and gets `after` in the end. */
export function expectHop({ delivers }: Peer, count: number, before: number, after: number): void {
  if (delivers !== 'either') {
    expectEqual('delivered when publish returned', count, delivers === 'later' ? before : after);
  }
}
