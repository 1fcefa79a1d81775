import { type BusEvent, EventFilter } from '../library.js';
import { BURST, timeBursts } from '../load/bursts.js';
import { eventOf, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { makePeer } from '../peers/index.js';
import type { Workload } from './Cell.js';
import { KeyedLoad } from './KeyedLoad.js';

/** The number of ids of visitors. */
const NEWCOMERS = 8192;

/** A member that joins and leaves, and the events that are published meanwhile. */
interface Visit {
  readonly scrollId: string;
  readonly whileThere: BusEvent;
  readonly afterwards: BusEvent;
}

/** A visitor joins and leaves again. With `publishing`, an event for another member is published after each step. */
function churnWorkload(publishing: boolean): Workload {
  return async ({ peer: name, receivers, effort }) => {
    const peer = makePeer(name, { keyed: true });
    const ids = randomUuids(receivers, 1);
    const sessions = sessionsOf(receivers);
    const newcomers = randomUuids(NEWCOMERS, 2);
    const tallies = ids.map(newTally);
    const newcomer = newTally();
    const members = ids.map((id, index) => peer.join(EventFilter.scrollId(id), tallies[index]?.take));
    const load = new KeyedLoad(peer, tallies, {
      targets: receivers,
      make: (member) => eventOf(sessions[member] as SessionIds, 'agent-message', ids[member]),
    });
    let visits = 0;
    const next = (): Visit[] => {
      const events = publishing ? load.next() : [];
      const count = publishing ? events.length / 2 : BURST;
      return Array.from({ length: count }, (_, index) => {
        visits += 1;
        return {
          scrollId: newcomers[visits % NEWCOMERS] as string,
          whileThere: events[2 * index] as BusEvent,
          afterwards: events[2 * index + 1] as BusEvent,
        };
      });
    };
    const visit = ({ scrollId }: Visit): void => {
      peer.join(EventFilter.scrollId(scrollId), newcomer.take).leave();
    };
    const visitPublishing = ({ scrollId, whileThere, afterwards }: Visit): void => {
      const member = peer.join(EventFilter.scrollId(scrollId), newcomer.take);
      peer.publish(whileThere);
      member.leave();
      peer.publish(afterwards);
    };

    const { ns, samples, yieldNs } = await timeBursts(
      {
        next,
        act: publishing ? visitPublishing : visit,
        ...(publishing && { afterBurst: load.afterBurst }),
        isSettled: () => !publishing || load.isSettled(),
      },
      effort,
    );

    load.check(members);
    expectEqual('delivered to visitors', newcomer.count(), 0);
    const { published } = load;
    return { value: ns, unit: 'ns', samples, yieldNs, published, delivered: published, dropped: 0 };
  };
}

export const churn = churnWorkload(false);
export const churnPublishing = churnWorkload(true);
