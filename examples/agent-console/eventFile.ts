import { type BusEvent, EventFilter, type EventRouting, type Upstream, type UpstreamBus } from 'sharing-bus';
import { type SqliteUpstream, sqliteUpstream } from 'sharing-bus/sqlite';
import { draft } from './draft.js';

/** A file that keeps the events of this run, after those of earlier ones. */
export interface EventFile {
  readonly upstream: Upstream;
  /** The last events of sessions that an earlier run has left open, as when it was killed. To be published. */
  readonly ends: readonly BusEvent[];
}

/** Of the events that end such a session. It was killed, or has replayed a scroll without an end. */
const REASON = 'its console has ended';

/** @throws EventFileError */
export function openEventFile(file: string): EventFile {
  const upstream = sqliteUpstream({ file });
  try {
    return { upstream: withoutBindings(upstream), ends: endsOf(upstream) };
  } catch (error) {
    upstream.close();
    throw error;
  }
}

/**
 * Does not teach the bus to which scrolls sessions of earlier runs belong: each run gives each session a new scroll. So what an agent says
 * before its session is registered again waits for that, and does not get into the old scroll.
 */
function withoutBindings(upstream: Upstream): Upstream {
  return {
    open: (bus) => {
      const others: UpstreamBus = {
        scheduler: bus.scheduler,
        log: (level, line) => {
          bus.log(level, line);
        },
        begin: (position) => {
          bus.begin(position);
        },
        event: (busEvent, seq, isOwn) => {
          bus.event(busEvent, seq, isOwn);
        },
        gap: (gap, seq) => {
          bus.gap(gap, seq);
        },
        bind: () => undefined,
        stateOf: (candidate) => bus.stateOf(candidate),
        end: (error) => {
          bus.end(error);
        },
      };
      return upstream.open(others);
    },
  };
}

/** A session without an end. */
interface OpenSession {
  /** Of its registration. */
  readonly routing: EventRouting;
  /** The ids of permission requests without an answer. */
  readonly asking: Set<string>;
}

function endsOf(upstream: SqliteUpstream): BusEvent[] {
  const sessions = new Map<string, OpenSession>();
  for (const delivery of upstream.deliveries(EventFilter.kind('session-lifecycle', 'permission'))) {
    if (delivery.type === 'event' && delivery.event.routing.scrollId !== undefined) {
      follow(sessions, delivery.event.routing.scrollId, delivery.event);
    }
  }
  return [...sessions.values()].flatMap(({ asking, routing }) =>
    [
      ...[...asking].map((requestId) =>
        draft('permission', 'connector', { type: 'PermissionResolved', requestId, outcome: 'cancelled' }),
      ),
      draft('session-lifecycle', 'connector', { type: 'SessionEnded', reason: REASON }),
      draft('system', 'connector', { type: 'Disconnected', reason: REASON }),
    ].map(({ kind, origin, event }) => ({ routing: { ...routing, kind }, origin, event }) as BusEvent),
  );
}

function follow(sessions: Map<string, OpenSession>, scrollId: string, { event, routing }: BusEvent): void {
  switch (event.type) {
    case 'SessionRegistered':
      if (!sessions.has(scrollId)) {
        sessions.set(scrollId, { routing, asking: new Set() });
      }
      break;
    case 'SessionEnded':
      sessions.delete(scrollId);
      break;
    case 'PermissionRequested':
      sessions.get(scrollId)?.asking.add(event.requestId);
      break;
    case 'PermissionResolved':
      sessions.get(scrollId)?.asking.delete(event.requestId);
      break;
  }
}
