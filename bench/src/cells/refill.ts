import { type BusEvent, EventFilter, newUuid } from '../library.js';
import { timeBursts } from '../load/bursts.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { makePeer } from '../peers/index.js';
import { CAPACITY } from '../peers/Peer.js';
import type { Workload } from './Cell.js';

/**
 * Each member fills its queue and empties it, over and over. One burst is one event for a driver, which publishes in its handler, so that
 * the events wait. The figure is the cost of one of these events.
 */
export const refill: Workload = async ({ peer: name, receivers, effort }) => {
  const peer = makePeer(name, { keyed: true });
  const ids = randomUuids(receivers, 1);
  const driverId = newUuid();
  const sessions = sessionsOf(receivers);
  const { take, count } = newTally();
  const members = ids.map((id) => peer.join(EventFilter.scrollId(id), take));
  let due = 0;
  let burst: BusEvent[] = [];
  peer.join(EventFilter.scrollId(driverId), () => {
    for (let round = 0; round < CAPACITY; round += 1) {
      burst.forEach(peer.publish);
    }
  });
  const { ns, samples, yieldNs } = await timeBursts(
    {
      next: () => {
        due += receivers * CAPACITY;
        burst = ids.map((id, member) => eventOf(sessions[member] as SessionIds, 'agent-message', id));
        return [eventOf(sessions[0] as SessionIds, 'agent-message', driverId)];
      },
      act: peer.publish,
      isSettled: () => count() === due,
    },
    effort,
  );
  members.forEach(({ lagged }, index) => {
    expectEqual(`lagged of member ${index}`, lagged, 0);
  });
  expectEqual('delivered', count(), due);
  const value = ns / (receivers * CAPACITY);
  return { value, unit: 'ns', samples, yieldNs, published: due, delivered: due, dropped: 0 };
};
