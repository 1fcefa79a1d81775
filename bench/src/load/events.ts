import type { BusEvent, EventRouting } from '../library.js';
import { flat, randomUuids } from './random.js';

/** The ids that each event of a session carries, as a connector adds them. */
export interface SessionIds {
  readonly connectorUid: string;
  readonly connectorId: string;
  readonly nativeSessionId: string;
}

const CONNECTORS = ['claude', 'codex', 'gemini', 'pi'] as const;
const CONNECTOR_UIDS = randomUuids(CONNECTORS.length, 3);

/** The ids of `count` sessions, which belong to four connectors. */
export function sessionsOf(count: number): SessionIds[] {
  const names = flat(Array.from({ length: count }, (_, session) => `session-${session}`));
  return names.map((nativeSessionId, session) => ({
    connectorUid: CONNECTOR_UIDS[session % CONNECTORS.length] as string,
    connectorId: CONNECTORS[session % CONNECTORS.length] as string,
    nativeSessionId,
  }));
}

/** An event of the default union with a routing of its own. */
export function eventFor(routing: EventRouting): BusEvent {
  return {
    routing,
    origin: 'agent',
    event: { type: 'AgentMessageChunk', content: { type: 'text', text: 'a few words' } },
  };
}

/** An event of a session. With a scroll id, it is one of an application that sets scroll ids itself. */
export function eventOf(session: SessionIds, kind: string, scrollId?: string): BusEvent {
  // Field by field: a spread copy is slow to make and to read in V8.
  const { connectorUid, connectorId, nativeSessionId } = session;
  return eventFor(
    scrollId === undefined
      ? { connectorUid, connectorId, nativeSessionId, kind }
      : { scrollId, connectorUid, connectorId, nativeSessionId, kind },
  );
}

/** A copy as from a parser: all its strings are new objects, which V8 has not hashed yet. */
export function parsedAnew(busEvent: BusEvent): BusEvent {
  return JSON.parse(JSON.stringify(busEvent)) as BusEvent;
}
