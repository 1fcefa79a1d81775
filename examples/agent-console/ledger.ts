import { type BusEvent, EventFilter, lateBindScrollId, matches, type Uuid } from 'sharing-bus';
import { Subject } from 'rxjs';

/** One session as the summary lists it. */
export interface SessionCount {
  readonly scrollId: Uuid;
  readonly connectorId: string;
  readonly nativeSessionId: string;
  /** Events published for it, its registration among them. */
  events: number;
}

/** How many published events one subscriber ought to hear of. */
export interface Offered {
  readonly filter: EventFilter;
  count: number;
}

/**
 * Counts what was published, apart from the bus and its queues: what subscribers report is checked against it.
 *
 * It learns the sessions' scrolls by the same operator that the bus uses.
 */
export class Ledger {
  published = 0;
  readonly sessions = new Map<Uuid, SessionCount>();
  readonly #published$ = new Subject<BusEvent>();
  readonly #offered: Offered[] = [];

  constructor() {
    this.#published$.pipe(lateBindScrollId()).subscribe((busEvent) => {
      this.#count(busEvent);
    });
  }

  /** Counts the events that match `filter` from now on. */
  offered(filter: EventFilter): Offered {
    const offered = { filter, count: 0 };
    this.#offered.push(offered);
    return offered;
  }

  /** Counts an event that the bus has taken. */
  enter(busEvent: BusEvent): void {
    this.#published$.next(busEvent);
  }

  #count(busEvent: BusEvent): void {
    this.published += 1;
    for (const offered of this.#offered) {
      offered.count += matches(offered.filter, busEvent) ? 1 : 0;
    }
    const { scrollId, connectorId = '', nativeSessionId = '' } = busEvent.routing;
    if (scrollId === undefined) {
      return;
    }
    let session = this.sessions.get(scrollId);
    if (session === undefined) {
      session = { scrollId, connectorId, nativeSessionId, events: 0 };
      this.sessions.set(scrollId, session);
    }
    session.events += 1;
  }
}
