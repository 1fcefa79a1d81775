import { type BusEvent, EventFilter, lateBindScrollId, matches, type Uuid } from 'sharing-bus';
import { Subject } from 'rxjs';

/** A session, as the summary lists it. */
export interface SessionCount {
  readonly scrollId: Uuid;
  readonly connectorId: string;
  readonly nativeSessionId: string;
  /** Events published for it, with its registration. */
  events: number;
}

/** How many published events match the filter of a subscriber. */
export interface Offered {
  readonly filter: EventFilter;
  count: number;
}

/**
 * Counts the published events, independently of the bus and its queues. The counts of the subscribers are checked against it.
 *
 * It finds the scroll of a session with the operator that the bus uses, too.
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

  /** Counts an event. */
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
