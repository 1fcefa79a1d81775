import { type BusEvent, EventFilter } from '../library.js';
import { BURST, timeBursts } from '../load/bursts.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { randomIntegers } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { makePeer } from '../peers/index.js';
import type { Workload } from './Cell.js';
import { expectHop } from './expectHop.js';

/** The number of sessions that the events are of. */
const SESSIONS = 64;

/** Every member takes every event. The events have no scroll id, and no session is registered. */
export const fanOut: Workload = async ({ peer: name, receivers, effort }) => {
  const peer = makePeer(name, { keyed: false });
  const tallies = Array.from({ length: receivers }, newTally);
  const members = tallies.map(({ take }) => peer.join(EventFilter.all, take));
  const last = tallies.at(-1) ?? newTally();
  let published = 0;
  const sessions = sessionsOf(SESSIONS);
  const random = randomIntegers(2);
  const next = (): BusEvent => eventOf(sessions[random() % SESSIONS] as SessionIds, 'agent-message');

  const { ns, samples, yieldNs } = await timeBursts(
    {
      next: () => {
        published += BURST;
        return Array.from({ length: BURST }, next);
      },
      act: peer.publish,
      afterBurst: () => {
        expectHop(peer, last.count(), published - BURST, published);
      },
      isSettled: () => last.count() === published,
    },
    effort,
  );

  tallies.forEach(({ count }, index) => {
    expectEqual(`delivered to member ${index}`, count(), published);
    expectEqual(`lagged of member ${index}`, members[index]?.lagged, 0);
  });
  return { value: ns, unit: 'ns', samples, yieldNs, published, delivered: published * receivers, dropped: 0 };
};
