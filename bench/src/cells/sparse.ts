import { type BusEvent, EventFilter, type EventRouting, newUuid } from '../library.js';
import { timeBursts } from '../load/bursts.js';
import { eventFor, parsedAnew } from '../load/events.js';
import { expectEqual } from '../load/expect.js';
import { randomUuids } from '../load/random.js';
import { newTally } from '../load/Tally.js';
import { makePeer } from '../peers/index.js';
import type { Peer } from '../peers/Peer.js';
import type { Workload } from './Cell.js';
import { KeyedLoad } from './KeyedLoad.js';

/** The ids that belong to a member: that of its scroll, and that of its native session. */
interface Ids {
  readonly scrollId: string;
  readonly nativeSessionId: string;
}

interface SparseOptions {
  readonly interest: (ids: Ids, member: number) => EventFilter;
  /** The routing of an event for the member that has these ids. */
  readonly routing: (ids: Ids, member: number) => EventRouting;
  /** Events are for the first so many members. Default: for all. */
  readonly targets?: number;
  /** What is published in the place of an event that was made of the members' own id strings. */
  readonly remake?: (busEvent: BusEvent) => BusEvent;
  /** Before anyone joins. */
  readonly before?: (peer: Peer, ids: readonly Ids[]) => void;
  /** When all members have joined; gives what is to be checked at the end, with the number of events published. */
  readonly beside?: (peer: Peer) => (published: number) => void;
}

const KIND = 'agent-message';

/** Each member has ids of its own; every event is for one of them, picked at random. */
function sparseWorkload(options: SparseOptions): Workload {
  const { interest, routing, targets, remake = (busEvent: BusEvent) => busEvent, before, beside } = options;
  return async ({ peer: name, receivers, effort }) => {
    const peer = makePeer(name, { keyed: true });
    const ids = idsOf(receivers);
    before?.(peer, ids);
    const tallies = ids.map(newTally);
    const members = ids.map((own, member) => peer.join(interest(own, member), tallies[member]?.take));
    const checkBeside = beside?.(peer);
    const load = new KeyedLoad(peer, tallies, {
      targets: Math.min(targets ?? receivers, receivers),
      make: (member) => remake(eventFor(routing(ids[member] as Ids, member))),
    });

    const { ns, samples, yieldNs } = await timeBursts(load, effort);

    load.check(members);
    const { published } = load;
    checkBeside?.(published);
    return { value: ns, unit: 'ns', samples, yieldNs, published, delivered: published, dropped: 0 };
  };
}

function idsOf(receivers: number): Ids[] {
  return randomUuids(receivers, 1).map((scrollId, member) => ({ scrollId, nativeSessionId: `session-${member}` }));
}

const byScrollId: SparseOptions = {
  interest: ({ scrollId }) => EventFilter.scrollId(scrollId),
  routing: ({ scrollId }) => ({ scrollId, kind: KIND }),
};
export const sparse = sparseWorkload(byScrollId);
export const sparseFresh = sparseWorkload({ ...byScrollId, remake: parsedAnew });

/** The same texts in a field that is no UUID: nothing to check, nothing to make canonical. */
const byName: SparseOptions = {
  interest: ({ scrollId }) => EventFilter.connectorId(scrollId),
  routing: ({ scrollId }) => ({ connectorId: scrollId, kind: KIND }),
};
export const sparseName = sparseWorkload(byName);
export const sparseNameFresh = sparseWorkload({ ...byName, remake: parsedAnew });

/** Of all members, 64 are hot: every event is for one of them. */
export const sparseHot = sparseWorkload({ ...byScrollId, targets: 64 });

export const sparseAnd = sparseWorkload({
  ...byScrollId,
  interest: ({ scrollId }) => EventFilter.and(EventFilter.scrollId(scrollId), EventFilter.kind(KIND)),
});

/** Each member wants two scrolls, of which one is talking: the first one's with every other member. */
export const sparseOr = sparseWorkload({
  ...byScrollId,
  interest: ({ scrollId }, member) => {
    const talking = EventFilter.scrollId(scrollId);
    const silent = EventFilter.scrollId(newUuid());
    return member % 2 === 0 ? EventFilter.or(talking, silent) : EventFilter.or(silent, talking);
  },
});

/** Beside the keyed members there is one with a predicate, which is asked about every event and wants none. */
export const sparseWhere = sparseWorkload({
  ...byScrollId,
  beside: (peer) => {
    let asked = 0;
    const wanted = newTally();
    const isPermission = ({ routing }: BusEvent): boolean => {
      asked += 1;
      return routing.kind === 'permission';
    };
    peer.join(EventFilter.where(isPermission), wanted.take);
    return (published) => {
      expectEqual('times that the predicate was asked', asked, published);
      expectEqual('events that passed the predicate', wanted.count(), 0);
    };
  },
});

const CONNECTORS = ['claude', 'codex', 'gemini', 'pi'] as const;

/** Routings are made of its parts one by one: V8 takes long to add fields to a copy, and reads them slowly. */
function sessionOf({ nativeSessionId }: Ids, member: number): { connectorId: string; nativeSessionId: string } {
  return { connectorId: CONNECTORS[member % CONNECTORS.length] as string, nativeSessionId };
}

/** Every session is registered, whether or not its events have to be bound by that. */
function register(peer: Peer, ids: readonly Ids[]): void {
  ids.forEach((own, member) => {
    const { connectorId, nativeSessionId } = sessionOf(own, member);
    const { scrollId } = own;
    peer.publish({
      routing: { kind: 'session-lifecycle' },
      origin: 'connector',
      event: { type: 'SessionRegistered', connectorId, sessionId: nativeSessionId, scrollId },
    });
  });
}

/** The events come without a scroll id, and the bus finds it by the session. */
export const lateBound = sparseWorkload({
  ...byScrollId,
  before: register,
  routing: (own, member) => {
    const { connectorId, nativeSessionId } = sessionOf(own, member);
    return { connectorId, nativeSessionId, kind: KIND };
  },
});
/** The events name their session, too, but bring the scroll id along. */
export const preset = sparseWorkload({
  ...byScrollId,
  before: register,
  routing: (own, member) => {
    const { connectorId, nativeSessionId } = sessionOf(own, member);
    return { scrollId: own.scrollId, connectorId, nativeSessionId, kind: KIND };
  },
});
