import type { BusEvent, Uuid } from 'sharing-bus';

/** A session as the list shows it. */
export interface Session {
  readonly scrollId: Uuid;
  readonly connectorId: string;
  readonly nativeSessionId: string;
  readonly title: string | undefined;
  /** `gone`: the server that ran it was another one. */
  readonly state: 'open' | 'ended' | 'gone';
  /** Questions that nobody has answered. */
  readonly asking: readonly string[];
}

const MAX_SESSIONS = 200;

/** The sessions that there are, from the events that tell of them. To hear an event again changes nothing. */
export class SessionBook {
  readonly #sessions = new Map<Uuid, Session>();

  /** The newest first. */
  get sessions(): readonly Session[] {
    return [...this.#sessions.values()].reverse();
  }

  /** Another server answers: what runs there is not what ran here. */
  markGone(): void {
    for (const session of this.#sessions.values()) {
      this.#sessions.set(session.scrollId, { ...session, state: 'gone', asking: [] });
    }
  }

  take({ routing, event }: BusEvent): void {
    const { scrollId, connectorId = '', nativeSessionId = '' } = routing;
    if (scrollId === undefined) {
      return;
    }
    const before = this.#sessions.get(scrollId) ?? {
      scrollId,
      connectorId,
      nativeSessionId,
      title: undefined,
      state: 'open',
      asking: [],
    };
    const after = changed(before, event);
    if (after !== before || !this.#sessions.has(scrollId)) {
      this.#sessions.set(scrollId, after);
      this.#trim();
    }
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
