import { type BusEvent, newUuid, type Uuid } from 'sharing-bus';
import { parseBusEvent } from 'sharing-bus/schema';
import { draft, type Draft } from '../draft.js';

/**
 * The identity under which one source publishes, and the sessions that it has registered. It makes events: whoever asks
 * for them publishes them, in the order of the calls.
 *
 * It never puts a scroll id on an event: the bus binds that, once the session is registered.
 */
export class Connector {
  readonly #uid = newUuid();
  readonly #scrolls = new Map<string, Uuid>();
  #session: string | undefined;
  #connected = false;

  /** @param id Unique among the connectors of a run, so that sessions of the same name never share a scroll. */
  constructor(readonly id: string) {}

  /** The session that was registered last, unless it has ended. */
  get session(): string | undefined {
    return this.#session;
  }

  /** Whether a session was ever registered. */
  get hasRegistered(): boolean {
    return this.#scrolls.size > 0;
  }

  /** Gives `sessionId` a scroll of its own, the same one each time, and makes it the present session. */
  register(sessionId: string): BusEvent[] {
    const hasAnother = this.#connected && this.#session !== undefined && this.#session !== sessionId;
    const ended = draft('session-lifecycle', 'connector', { type: 'SessionEnded', reason: 'another one began' });
    const before = hasAnother ? [this.addressNow(ended)] : [];
    const scrollId = this.#scrolls.get(sessionId) ?? newUuid();
    this.#scrolls.set(sessionId, scrollId);
    this.#session = sessionId;
    const registered = { type: 'SessionRegistered', connectorId: this.id, sessionId, scrollId } as const;
    return [...before, this.addressNow(draft('session-lifecycle', 'connector', registered))];
  }

  /** Says `Connected`, once. After the first registration, so that it stands in that session's scroll. */
  connect(): BusEvent[] {
    if (this.#connected) {
      return [];
    }
    this.#connected = true;
    return [this.addressNow(draft('system', 'connector', { type: 'Connected' }))];
  }

  /** The envelope of a draft for `sessionId`, or for none; checked, so that publishing it cannot fail. */
  address({ kind, origin, event }: Draft, sessionId: string | undefined): BusEvent {
    const routing = {
      connectorUid: this.#uid,
      connectorId: this.id,
      ...(sessionId !== undefined && { nativeSessionId: sessionId }),
      kind,
    };
    return parseBusEvent({ routing, origin, event });
  }

  /** The envelope of a draft for the present session, if there is one. */
  addressNow(one: Draft): BusEvent {
    return this.address(one, this.#session);
  }

  /** Ends the present session and says `Disconnected`, if this connector ever said `Connected`. */
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
