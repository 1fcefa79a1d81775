import { EventFilter } from '../library.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { heapNow } from '../load/heap.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { makePeer } from '../peers/index.js';
import { CAPACITY } from '../peers/Peer.js';
import type { Workload } from './Cell.js';

const CHECKPOINTS = 10;

/**
 * A publisher that never yields to the event loop. Half of the members want every event; the others want one scroll, to which every
 * second event belongs. The figure is the growth of the heap since the first checkpoint, in bytes per event.
 */
export const neverYield: Workload = async ({ peer: name, receivers, effort }) => {
  const peer = makePeer(name, { keyed: false });
  const [scrollId = '', otherScrollId = ''] = randomUuids(2, 1);
  const members = Array.from({ length: receivers }, (_, index) => {
    const tally = newTally();
    const all = index % 2 === 0;
    return { all, tally, member: peer.join(all ? EventFilter.all : EventFilter.scrollId(scrollId), tally.take) };
  });
  const [session] = sessionsOf(1);
  const heaps: number[] = [];
  const events = effort.unyielding;
  for (let count = 1; count <= events; count += 1) {
    peer.publish(eventOf(session as SessionIds, 'agent-message', count % 2 === 0 ? scrollId : otherScrollId));
    if (count % (events / CHECKPOINTS) === 0) {
      heaps.push(heapNow());
    }
  }
  const matching = (all: boolean): number => (all ? events : events / 2);
  for (const { all, tally, member } of members) {
    expectEqual('delivered when the last publish returned', tally.count(), 0);
    expectEqual('lagged on the line after it', member.lagged, matching(all) - CAPACITY);
  }
  await yieldOnce();
  let delivered = 0;
  let dropped = 0;
  for (const { all, tally, member } of members) {
    expectEqual('delivered and dropped', tally.count() + member.lagged, matching(all));
    delivered += tally.count();
    dropped += member.lagged;
  }
  expectEqual('delivered in all', delivered, receivers * CAPACITY);
  const [first = 0] = heaps;
  const growth = (Math.max(...heaps) - first) / (events - events / CHECKPOINTS);
  return { value: growth, unit: 'bytes', samples: heaps, published: events, delivered, dropped };
};
