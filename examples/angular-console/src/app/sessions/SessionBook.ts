import type { BusEvent, Uuid } from 'sharing-bus';

/** A session of the list. */
export interface Session {
  readonly scrollId: Uuid;
  readonly connectorId: string;
  readonly nativeSessionId: string;
  /** The place of its first event; 0 if the server has no places. */
  readonly firstSeq: number;
  readonly title: string | undefined;
  /** `gone`: the server has restarted since. */
  readonly state: 'open' | 'ended' | 'gone';
  /** The ids of permission requests without an answer. */
  readonly asking: readonly string[];
}

const MAX_SESSIONS = 200;

/** The sessions, from their events. The same event again changes nothing. */
export class SessionBook {
  readonly #sessions = new Map<Uuid, Session>();

  /** The newest first. */
  get sessions(): readonly Session[] {
    return [...this.#sessions.values()].reverse();
  }

  /** For a server that has restarted: the sessions so far are not on it. */
  markGone(): void {
    for (const session of this.#sessions.values()) {
      this.#sessions.set(session.scrollId, { ...session, state: 'gone', asking: [] });
    }
  }

  /** Returns whether a session has changed. */
  take({ routing, event, seq = 0 }: BusEvent): boolean {
    const { scrollId, connectorId = '', nativeSessionId = '' } = routing;
    if (scrollId === undefined) {
      return false;
    }
    const before = this.#sessions.get(scrollId) ?? {
      scrollId,
      connectorId,
      nativeSessionId,
      firstSeq: seq,
      title: undefined,
      state: 'open',
      asking: [],
    };
    const after = changed(before, event);
    const hasChanged = after !== before || !this.#sessions.has(scrollId);
    if (hasChanged) {
      this.#sessions.set(scrollId, after);
      this.#trim();
    }
    return hasChanged;
  }

  #trim(): void {
    for (const scrollId of this.#sessions.keys()) {
      if (this.#sessions.size <= MAX_SESSIONS) {
        return;
      }
      this.#sessions.delete(scrollId);
    }
  }
}

function changed(session: Session, event: BusEvent['event']): Session {
  switch (event.type) {
    case 'SessionRegistered':
      return { ...session, connectorId: event.connectorId, nativeSessionId: event.sessionId, state: 'open' };
    case 'SessionInfoChanged':
      return { ...session, title: event.title ?? session.title };
    case 'SessionEnded':
      return { ...session, state: 'ended', asking: [] };
    case 'PermissionRequested':
      return { ...session, asking: [...session.asking.filter((id) => id !== event.requestId), event.requestId] };
    case 'PermissionResolved':
      return { ...session, asking: session.asking.filter((id) => id !== event.requestId) };
    default:
      return session;
  }
}
