import { EventFilter } from '../library.js';
import { randomUuids } from '../load/random.js';
const CONNECTOR = 'agent';
const LIFECYCLE = 'session-lifecycle';
const KINDS = ['message', 'thought', 'tool', 'usage'];
const SESSIONS = 40;
const SCROLLS = randomUuids(SESSIONS, 4);
const nameOf = (session) => `session-${session}`;
const kindOf = (index) => KINDS[index];
const scrollOf = (session) => SCROLLS[session];
/** Makes events of sessions. Each session is registered after a while. */
export class Traffic {
    #below;
    #registered = new Set();
    #count = 0;
    constructor(below) {
        this.#below = below;
    }
    /** The `bindingOf` of the bus. */
    static bindingOf(payload) {
        const { isRegistration, session } = payload;
        return isRegistration
            ? { connectorId: CONNECTOR, sessionId: nameOf(session), scrollId: scrollOf(session) }
            : undefined;
    }
    next() {
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
export function anyView(below) {
    const one = below(SESSIONS);
    const kind = kindOf(below(KINDS.length));
    const views = [
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
    return views[below(views.length)];
}
