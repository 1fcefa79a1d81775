import { type BusEvent, newUuid, type Uuid } from 'sharing-bus';
import { parseBusEvent } from 'sharing-bus/schema';
import { draft, type Draft } from '../draft.js';
import type { Feed } from '../feed.js';

/**
 * The identity under which one source publishes, and the sessions that it has registered.
 *
 * It never puts a scroll id on an event: the bus binds that, once the session is registered.
 */
export class Connector {
  readonly #uid = newUuid();
  readonly #scrolls = new Map<string, Uuid>();
  #session: string | undefined;
  #connected = false;

  /** @param id Unique among the connectors of a run, so that sessions of the same name never share a scroll. */
  constructor(
    readonly id: string,
    private readonly feed: Feed,
  ) {}

  /** The session that was registered last, unless it has ended. */
  get session(): string | undefined {
    return this.#session;
  }

  /** Whether a session was ever registered. */
  get hasRegistered(): boolean {
    return this.#scrolls.size > 0;
  }

  /** Gives `sessionId` a scroll of its own, the same one each time, and makes it the present session. */
  async register(sessionId: string): Promise<void> {
    if (this.#connected && this.#session !== undefined && this.#session !== sessionId) {
      await this.publish([
        draft('session-lifecycle', 'connector', { type: 'SessionEnded', reason: 'another one began' }),
      ]);
    }
    const scrollId = this.#scrolls.get(sessionId) ?? newUuid();
    this.#scrolls.set(sessionId, scrollId);
    this.#session = sessionId;
    const registered = { type: 'SessionRegistered', connectorId: this.id, sessionId, scrollId } as const;
    await this.publish([draft('session-lifecycle', 'connector', registered)]);
  }

  /** Says `Connected`, once. After the first registration, so that it stands in that session's scroll. */
  async connect(): Promise<void> {
    if (!this.#connected) {
      this.#connected = true;
      await this.publish([draft('system', 'connector', { type: 'Connected' })]);
    }
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

  /** Publishes events of the present session, in order. */
  async publish(drafts: readonly Draft[], weight = 0): Promise<void> {
    await this.publishAddressed(
      drafts.map((one) => this.address(one, this.#session)),
      weight,
    );
  }

  /** Publishes what {@link address} made. The first one carries the weight of all. */
  async publishAddressed(busEvents: readonly BusEvent[], weight = 0): Promise<void> {
    let rest = weight;
    for (const busEvent of busEvents) {
      await this.feed.publish(busEvent, rest);
      rest = 0;
    }
  }

  /** Ends the present session and says `Disconnected`, if this connector ever said `Connected`. */
  async end(reason: string): Promise<void> {
    if (!this.#connected) {
      return;
    }
    this.#connected = false;
    await this.publish([
      draft('session-lifecycle', 'connector', { type: 'SessionEnded', reason }),
      draft('system', 'connector', { type: 'Disconnected', reason }),
    ]);
    this.#session = undefined;
  }
}
