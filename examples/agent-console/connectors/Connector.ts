import { type BusEvent, type Event, newUuid, type Uuid } from 'sharing-bus';
import { parseBusEvent } from 'sharing-bus/schema';
import { draft, type Draft } from '../draft.js';

/**
 * The identity of one source, and the sessions that it has registered. It makes events; the caller publishes them, in the order of the
 * calls.
 *
 * It never sets a scroll id: the bus does, once the session is registered.
 */
export class Connector {
  /** Different for each connector of each run. */
  readonly uid = newUuid();
  readonly #scrolls = new Map<string, Uuid>();
  #session: string | undefined;
  #connected = false;

  /** @param id Unique among the connectors of a run, so that sessions with the same id never share a scroll. */
  constructor(readonly id: string) {}

  /** The session that was registered last, unless it has ended. */
  get session(): string | undefined {
    return this.#session;
  }

  /** Whether any session has been registered. */
  get hasRegistered(): boolean {
    return this.#scrolls.size > 0;
  }

  /**
   * Makes `sessionId` the present session. It gets a scroll of its own, and keeps it if it is registered again.
   *
   * @param at When that happened. Default: unknown.
   */
  register(sessionId: string, at?: number): BusEvent[] {
    const hasAnother = this.#connected && this.#session !== undefined && this.#session !== sessionId;
    const reason = 'another session began';
    const ended = draft('session-lifecycle', 'connector', { type: 'SessionEnded', reason }, at);
    const before = hasAnother ? [this.addressNow(ended)] : [];
    const scrollId = this.#scrolls.get(sessionId) ?? newUuid();
    this.#scrolls.set(sessionId, scrollId);
    this.#session = sessionId;
    const registered = { type: 'SessionRegistered', connectorId: this.id, sessionId, scrollId } as const;
    return [...before, this.addressNow(draft('session-lifecycle', 'connector', registered, at))];
  }

  /** Makes `Connected`, once. Call it after the first registration, so that the event gets into the scroll of that session. */
  connect(at?: number): BusEvent[] {
    if (this.#connected) {
      return [];
    }
    this.#connected = true;
    return [this.addressNow(draft('system', 'connector', { type: 'Connected' }, at))];
  }

  /** The event of a draft, for `sessionId` if given. It is checked, so that publishing it cannot fail. */
  address(one: Draft, sessionId: string | undefined): BusEvent {
    return parseBusEvent(this.addressTrusted(one, sessionId));
  }

  /** The event of a draft, for the present session if there is one. */
  addressNow(one: Draft): BusEvent {
    return this.address(one, this.#session);
  }

  /** As {@link address}, for a draft that was checked when it was made: the check takes most of the time of reading a log. */
  addressTrusted({ kind, origin, event, at }: Draft, sessionId: string | undefined): BusEvent {
    const connectorUid = this.uid;
    const connectorId = this.id;
    const routing =
      sessionId === undefined
        ? { connectorUid, connectorId, kind }
        : { connectorUid, connectorId, nativeSessionId: sessionId, kind };
    // The bus does not look into an event, and neither do the subscribers into one of a type that they do not know.
    const known = event as Event;
    return at === undefined ? { routing, origin, event: known } : { routing, origin, event: known, at };
  }

  /** Makes `SessionEnded` and `Disconnected`, if there was a `Connected`. */
  end(reason: string): BusEvent[] {
    if (!this.#connected) {
      return [];
    }
    this.#connected = false;
    const last = [
      this.addressNow(draft('session-lifecycle', 'connector', { type: 'SessionEnded', reason })),
      this.addressNow(draft('system', 'connector', { type: 'Disconnected', reason })),
    ];
    this.#session = undefined;
    return last;
  }
}
