import { type BusEvent, EventFilter, newUuid } from '../library.js';
import { timeBursts } from '../load/bursts.js';
import { eventFor, eventOf, parsedAnew, type SessionIds, sessionsOf } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { makePeer } from '../peers/index.js';
import type { Peer } from '../peers/Peer.js';
import type { Workload } from './Cell.js';
import { KeyedLoad } from './KeyedLoad.js';

/** The ids of a member: its scroll and its native session. */
interface Ids {
  readonly scrollId: string;
  readonly session: SessionIds;
}

interface SparseOptions {
  readonly interest: (ids: Ids, member: number) => EventFilter;
  /** Makes an event for the member with these ids. */
  readonly make: (ids: Ids) => BusEvent;
  /** Events are for the first so many members only. Default: all. */
  readonly targets?: number;
  /** The events that the bus retains. Default: no history. */
  readonly history?: number;
  /** Replaces an event, which has the same string objects as the filters, before it is published. */
  readonly remake?: (busEvent: BusEvent) => BusEvent;
  /** Called before the members join. */
  readonly before?: (peer: Peer, ids: readonly Ids[]) => void;
  /** Called when all members have joined. Returns a check for the end, which gets the number of published events. */
  readonly beside?: (peer: Peer) => (published: number) => void;
}

const KIND = 'agent-message';

/** Each member has ids of its own. Each event is for one member, picked at random. */
function sparseWorkload(options: SparseOptions): Workload {
  const { interest, make, targets, history, remake = (busEvent: BusEvent) => busEvent, before, beside } = options;
  return async ({ peer: name, receivers, effort }) => {
    const peer = makePeer(name, { keyed: true, ...(history !== undefined && { history }) });
    const ids = idsOf(receivers);
    before?.(peer, ids);
    const tallies = ids.map(newTally);
    const members = ids.map((own, member) => peer.join(interest(own, member), tallies[member]?.take));
    const checkBeside = beside?.(peer);
    const load = new KeyedLoad(peer, tallies, {
      targets: Math.min(targets ?? receivers, receivers),
      make: (member) => remake(make(ids[member] as Ids)),
    });

    const { ns, samples, yieldNs } = await timeBursts(load, effort);

    load.check(members);
    const { published } = load;
    checkBeside?.(published);
    return { value: ns, unit: 'ns', samples, yieldNs, published, delivered: published, dropped: 0 };
  };
}

function idsOf(receivers: number): Ids[] {
  const sessions = sessionsOf(receivers);
  return randomUuids(receivers, 1).map((scrollId, member) => ({ scrollId, session: sessions[member] as SessionIds }));
}

const byScrollId: SparseOptions = {
  interest: ({ scrollId }) => EventFilter.scrollId(scrollId),
  make: ({ scrollId, session }) => eventOf(session, KIND, scrollId),
};
export const sparse = sparseWorkload(byScrollId);
/** The bus has a history that nobody reads. */
export const sparseHistory = sparseWorkload({ ...byScrollId, history: 10_000 });
export const sparseFresh = sparseWorkload({ ...byScrollId, remake: parsedAnew });

/** The same texts in a field that is not a UUID, so nothing is checked or made canonical. */
const byName: SparseOptions = {
  interest: ({ scrollId }) => EventFilter.connectorId(scrollId),
  make: ({ scrollId, session: { connectorUid, nativeSessionId } }) =>
    eventFor({ connectorUid, connectorId: scrollId, nativeSessionId, kind: KIND }),
};
export const sparseName = sparseWorkload(byName);
export const sparseNameFresh = sparseWorkload({ ...byName, remake: parsedAnew });

/** All events are for 64 of the members. */
export const sparseHot = sparseWorkload({ ...byScrollId, targets: 64 });

export const sparseAnd = sparseWorkload({
  ...byScrollId,
  interest: ({ scrollId }) => EventFilter.and(EventFilter.scrollId(scrollId), EventFilter.kind(KIND)),
});

/** Each member wants two scrolls, and only one of them has events: the first one for every second member. */
export const sparseOr = sparseWorkload({
  ...byScrollId,
  interest: ({ scrollId }, member) => {
    const active = EventFilter.scrollId(scrollId);
    const silent = EventFilter.scrollId(newUuid());
    return member % 2 === 0 ? EventFilter.or(active, silent) : EventFilter.or(silent, active);
  },
});

/** Besides the keyed members, one member has a predicate. It is called for every event and matches none. */
export const sparseWhere = sparseWorkload({
  ...byScrollId,
  beside: (peer) => {
    let calls = 0;
    const wanted = newTally();
    const isPermission = ({ routing }: BusEvent): boolean => {
      calls += 1;
      return routing.kind === 'permission';
    };
    peer.join(EventFilter.where(isPermission), wanted.take);
    return (published) => {
      expectEqual('calls of the predicate', calls, published);
      expectEqual('events that passed the predicate', wanted.count(), 0);
    };
  },
});

/** Registers every session. */
function register(peer: Peer, ids: readonly Ids[]): void {
  for (const { scrollId, session } of ids) {
    const { connectorId, nativeSessionId: sessionId } = session;
    peer.publish({
      routing: { kind: 'session-lifecycle' },
      origin: 'connector',
      event: { type: 'SessionRegistered', connectorId, sessionId, scrollId },
    });
  }
}

/** The events have no scroll id. The bus finds it by the session. */
export const lateBound = sparseWorkload({
  ...byScrollId,
  before: register,
  make: ({ session }) => eventOf(session, KIND),
});
/** The same sessions are registered, and the events have the scroll id. */
export const preset = sparseWorkload({ ...byScrollId, before: register });
