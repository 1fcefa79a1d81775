import { type BusEvent, EventFilter } from '../library.js';
import { randomUuids } from '../load/random.js';

/** It has all the fields that a filter reads, so that the soak can decide without the library which receivers want the event. */
export interface Payload {
  readonly n: number;
  readonly kind: string;
  readonly session: number;
  /** The session whose scroll it belongs to; `undefined` before its registration. */
  readonly scroll: number | undefined;
  readonly isRegistration: boolean;
}

/** A filter, and the same condition without the library. */
export interface View {
  readonly filter: EventFilter<Payload>;
  readonly wants: (payload: Payload) => boolean;
}

/** Returns a random integer from 0 to `limit - 1`. */
export type Below = (limit: number) => number;

const CONNECTOR = 'agent';
const LIFECYCLE = 'session-lifecycle';
const KINDS = ['message', 'thought', 'tool', 'usage'];
const SESSIONS = 40;
const SCROLLS = randomUuids(SESSIONS, 4);

const nameOf = (session: number): string => `session-${session}`;
const kindOf = (index: number): string => KINDS[index] as string;
const scrollOf = (session: number): string => SCROLLS[session] as string;

/** Makes events of sessions. Each session is registered after a while. */
export class Traffic {
  readonly #below: Below;
  readonly #registered = new Set<number>();
  #count = 0;

  constructor(below: Below) {
    this.#below = below;
  }

  /** The `bindingOf` of the bus. */
  static bindingOf(payload: Payload): { connectorId: string; sessionId: string; scrollId: string } | undefined {
    const { isRegistration, session } = payload;
    return isRegistration
      ? { connectorId: CONNECTOR, sessionId: nameOf(session), scrollId: scrollOf(session) }
      : undefined;
  }

  next(): BusEvent<Payload> {
    const session = this.#below(SESSIONS);
    const isRegistration = this.#below(50) === 0;
    if (isRegistration) {
      this.#registered.add(session);
    }
    const kind = isRegistration ? LIFECYCLE : kindOf(this.#below(KINDS.length));
    const scroll = this.#registered.has(session) ? session : undefined;
    this.#count += 1;
    return {
      routing: { connectorId: CONNECTOR, nativeSessionId: nameOf(session), kind },
      origin: 'agent',
      event: { n: this.#count, kind, session, scroll, isRegistration },
    };
  }
}

/** A random view. */
export function anyView(below: Below): View {
  const one = below(SESSIONS);
  const kind = kindOf(below(KINDS.length));
  const views: readonly View[] = [
    { filter: EventFilter.all, wants: () => true },
    { filter: EventFilter.kind(kind, LIFECYCLE), wants: (event) => event.kind === kind || event.isRegistration },
    { filter: EventFilter.scrollId(scrollOf(one)), wants: (event) => event.scroll === one },
    { filter: EventFilter.session(CONNECTOR, nameOf(one)), wants: (event) => event.session === one },
    {
      filter: EventFilter.or(EventFilter.kind(kind), EventFilter.scrollId(scrollOf(one))),
      wants: (event) => event.kind === kind || event.scroll === one,
    },
    {
      filter: EventFilter.and(EventFilter.connectorId(CONNECTOR), EventFilter.not(EventFilter.kind(kind))),
      wants: (event) => event.kind !== kind,
    },
    { filter: EventFilter.where(({ event }) => event.n % 3 === 0), wants: (event) => event.n % 3 === 0 },
  ];
  return views[below(views.length)] as View;
}
