import { type BusEvent, EventFilter } from '../library.js';
import { BURST, timeBursts } from '../load/bursts.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { yieldOnce } from '../load/yieldOnce.js';
import { makePeer } from '../peers/index.js';
import { CAPACITY, unable } from '../peers/Peer.js';
import type { Workload } from './Cell.js';

/** Every member is full and has no consumer, so each event is dropped for each member. */
function overloadWorkload(interest: (scrollId: string) => EventFilter): Workload {
  return async ({ peer: name, receivers, effort }) => {
    const [scrollId = ''] = randomUuids(1, 1);
    const filter = interest(scrollId);
    const peer = makePeer(name, { keyed: filter.type !== 'all' });
    const members = Array.from({ length: receivers }, () => peer.join(filter));
    const [session] = sessionsOf(1);
    const next = (): BusEvent => eventOf(session as SessionIds, 'agent-message', scrollId);
    let published = 0;
    const checkLag = (): void => {
      members.forEach(({ lagged }, index) => {
        expectEqual(`lagged of member ${index}`, lagged, Math.max(0, published - CAPACITY));
      });
    };
    // One event at a time, to check the count right after each publish, with room and without.
    for (; published < CAPACITY + 2;) {
      peer.publish(next());
      published += 1;
      if (published >= CAPACITY - 1) {
        checkLag();
      }
    }
    await yieldOnce();

    const { ns, samples, yieldNs } = await timeBursts(
      {
        next: () => {
          published += BURST;
          return Array.from({ length: BURST }, next);
        },
        act: peer.publish,
        isSettled: () => true,
      },
      effort,
    );

    checkLag();
    const delivered = newTally();
    for (const member of members) {
      if (member.consume === undefined) {
        throw unable(name, 'way to consume late');
      }
      member.consume(delivered.take);
    }
    expectEqual('delivered when a consumer came', delivered.count(), 0);
    await yieldOnce();
    expectEqual('delivered of the waiting events', delivered.count(), CAPACITY * receivers);
    checkLag();
    const dropped = (published - CAPACITY) * receivers;
    return { value: ns, unit: 'ns', samples, yieldNs, published, delivered: CAPACITY * receivers, dropped };
  };
}

export const overload = overloadWorkload(() => EventFilter.all);
export const overloadKey = overloadWorkload((scrollId) => EventFilter.scrollId(scrollId));
