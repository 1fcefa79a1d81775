import {
  type BusEvent,
  type EventFilter,
  type EventKind,
  type EventRouting,
  matches,
  type SessionRegistered,
} from 'sharing-bus';

/** A session, as the summary lists it. */
export interface SessionCount {
  readonly scrollId: string;
  readonly connectorId: string;
  readonly nativeSessionId: string;
  /** Events published for it, with its registration. */
  events: number;
}

/** How many published events match the filter of a subscriber. */
export interface Offered {
  readonly count: number;
}

/** The events of a session, or those of none. */
interface Account {
  readonly session: SessionCount | undefined;
  /** By kind: one of them, as the bus delivers it, and their number. */
  readonly kinds: Map<EventKind, { readonly sample: BusEvent; count: number }>;
}

/**
 * Counts the published events, independently of the bus and its queues. The counts of the subscribers are checked against it.
 *
 * It finds the scroll of a session by itself, by the last registration. Events of one session and kind are counted together, so a filter
 * is asked about one of them.
 *
 * An event that the bus holds until its session is registered counts as published at once, without a scroll. The registration moves it to
 * its session.
 */
export class Ledger {
  published = 0;
  readonly sessions = new Map<string, SessionCount>();
  /** By scroll. */
  readonly #accounts = new Map<string, Account>();
  /** By connector and native session. */
  readonly #registered = new Map<string, Map<string, Account>>();
  readonly #unbound: Account = { session: undefined, kinds: new Map() };
  /** The events that the bus holds, by connector and native session. */
  readonly #held = new Map<string, readonly BusEvent[]>();

  /** @param holds The most events of one session that the bus holds. Default: it holds none. */
  constructor(private readonly holds = 0) {}

  /**
   * Counts the events that match `filter` from now on.
   *
   * @param filter Compares only scrolls, connectors, sessions and kinds.
   */
  offered(filter: EventFilter): Offered {
    const before = this.#countOf(filter);
    const count = (): number => this.#countOf(filter) - before;
    return {
      get count() {
        return count();
      },
    };
  }

  /** Counts an event. */
  enter(busEvent: BusEvent): void {
    const { event, routing } = busEvent;
    this.published += 1;
    if (event.type === 'SessionRegistered') {
      const account = this.#register(event);
      tally(account, busEvent);
      this.#release(event, account);
    } else {
      const account = this.#accountOf(routing);
      tally(account, busEvent);
      this.#hold(account, busEvent);
    }
  }

  #hold({ session }: Account, busEvent: BusEvent): void {
    const { connectorId, nativeSessionId, scrollId } = busEvent.routing;
    if (
      session === undefined &&
      scrollId === undefined &&
      connectorId !== undefined &&
      nativeSessionId !== undefined &&
      this.holds > 0
    ) {
      const key = JSON.stringify([connectorId, nativeSessionId]);
      this.#held.set(key, [...(this.#held.get(key) ?? []), busEvent].slice(-this.holds));
    }
  }

  #release({ connectorId, sessionId }: SessionRegistered, account: Account): void {
    const key = JSON.stringify([connectorId, sessionId]);
    for (const busEvent of this.#held.get(key) ?? []) {
      tally(this.#unbound, busEvent, -1);
      tally(account, busEvent);
    }
    this.#held.delete(key);
  }

  #accountOf({ connectorId = '', nativeSessionId }: EventRouting): Account {
    const account = nativeSessionId === undefined ? undefined : this.#registered.get(connectorId)?.get(nativeSessionId);
    return account ?? this.#unbound;
  }

  #register({ connectorId, sessionId: nativeSessionId, scrollId }: SessionRegistered): Account {
    let account = this.#accounts.get(scrollId);
    if (account === undefined) {
      const session = { scrollId, connectorId, nativeSessionId, events: 0 };
      account = { session, kinds: new Map() };
      this.sessions.set(scrollId, session);
      this.#accounts.set(scrollId, account);
    }
    const ofConnector = this.#registered.get(connectorId) ?? new Map<string, Account>();
    ofConnector.set(nativeSessionId, account);
    this.#registered.set(connectorId, ofConnector);
    return account;
  }

  #countOf(filter: EventFilter): number {
    let sum = 0;
    for (const { kinds } of [this.#unbound, ...this.#accounts.values()]) {
      for (const { sample, count } of kinds.values()) {
        sum += matches(filter, sample) ? count : 0;
      }
    }
    return sum;
  }
}

function tally({ kinds, session }: Account, busEvent: BusEvent, by = 1): void {
  const { routing } = busEvent;
  if (session !== undefined) {
    session.events += by;
  }
  const counted = kinds.get(routing.kind);
  if (counted === undefined) {
    const scrollId = session?.scrollId;
    const sample = scrollId === undefined ? busEvent : { ...busEvent, routing: { ...routing, scrollId } };
    kinds.set(routing.kind, { sample, count: by });
  } else {
    counted.count += by;
  }
}
