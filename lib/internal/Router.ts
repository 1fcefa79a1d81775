import type { BusEvent } from '../protocol/BusEvent.js';
import { type EventFilter, passes } from '../protocol/EventFilter.js';
import { decidedByKeys, type KeyField, type RoutingKey, routingKeys } from './routingKeys.js';

/** Where the router sends events. Neither call throws. */
export interface Destination<E> {
  offer(busEvent: BusEvent<E>): void;
  /** Its filter threw `error`: it gets nothing more. */
  fail(error: unknown): void;
}

/** A destination, and the way to it. */
interface Route<E> {
  readonly destination: Destination<E>;
  readonly filter: EventFilter<E>;
  /** Where the route is listed; `undefined`: it is asked about every event. */
  readonly keys: readonly RoutingKey[] | undefined;
  /** Whether being listed under an event's key is enough to match it. */
  readonly decided: boolean;
  /** The number of the last event it was asked about: an event may have several of its keys. */
  asked: number;
}

type Listing<E> = Map<string | undefined, Set<Route<E>>>;

/**
 * Sends each event to the destinations whose filter matches it, and finds them by the event's keys.
 *
 * Invariants: a route is listed under each of its keys, or in `unkeyed` where it has none, and nowhere else; an empty
 * listing is removed; a route is asked about an event at most once.
 */
export class Router<E> {
  readonly #routes = new Map<Destination<E>, Route<E>>();
  readonly #unkeyed = new Set<Route<E>>();
  readonly #sessions = new Map<string | undefined, Listing<E>>();
  readonly #listings: Readonly<Record<Exclude<KeyField, 'session'>, Listing<E>>> = {
    scrollId: new Map(),
    connectorUid: new Map(),
    connectorId: new Map(),
    kind: new Map(),
    origin: new Map(),
  };
  #events = 0;

  /** Lists `destination` for the events that match `filter`, which is canonical. */
  add(destination: Destination<E>, filter: EventFilter<E>): void {
    const keys = routingKeys(filter);
    const route: Route<E> = { destination, filter, keys, decided: decidedByKeys(filter), asked: 0 };
    this.#routes.set(destination, route);
    if (keys === undefined) {
      this.#unkeyed.add(route);
    }
    for (const key of keys ?? []) {
      const listing = this.#listing(key);
      const place = lastPart(key);
      const routes = listing.get(place);
      if (routes === undefined) {
        listing.set(place, new Set([route]));
      } else {
        routes.add(route);
      }
    }
  }

  /** Takes `destination` off; one that is not listed is none of its business. */
  remove(destination: Destination<E>): void {
    const route = this.#routes.get(destination);
    if (route === undefined) {
      return;
    }
    this.#routes.delete(destination);
    this.#unkeyed.delete(route);
    for (const key of route.keys ?? []) {
      const listing = this.#listing(key);
      const routes = listing.get(lastPart(key));
      routes?.delete(route);
      if (routes?.size === 0) {
        listing.delete(lastPart(key));
      }
      if (key.field === 'session' && listing.size === 0) {
        this.#sessions.delete(key.value);
      }
    }
  }

  /** Offers `busEvent` to every destination whose filter matches it. */
  route(busEvent: BusEvent<E>): void {
    const { routing, origin } = busEvent;
    const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
    this.#events += 1;
    this.#ask(this.#unkeyed, busEvent);
    this.#ask(this.#sessions.get(connectorId)?.get(nativeSessionId), busEvent);
    this.#ask(this.#listings.scrollId.get(scrollId), busEvent);
    this.#ask(this.#listings.connectorUid.get(connectorUid), busEvent);
    this.#ask(this.#listings.connectorId.get(connectorId), busEvent);
    this.#ask(this.#listings.kind.get(kind), busEvent);
    this.#ask(this.#listings.origin.get(origin), busEvent);
  }

  #ask(routes: ReadonlySet<Route<E>> | undefined, busEvent: BusEvent<E>): void {
    if (routes === undefined) {
      return;
    }
    // A route that fails is taken off meanwhile: a Set goes on rightly with the next.
    for (const route of routes) {
      if (route.asked !== this.#events) {
        route.asked = this.#events;
        this.#offerIfMatching(route, busEvent);
      }
    }
  }

  #offerIfMatching({ destination, filter, decided }: Route<E>, busEvent: BusEvent<E>): void {
    let wanted: boolean;
    try {
      wanted = decided || passes(filter, busEvent);
    } catch (error) {
      this.remove(destination);
      destination.fail(error);
      return;
    }
    if (wanted) {
      destination.offer(busEvent);
    }
  }

  #listing(key: RoutingKey): Listing<E> {
    if (key.field !== 'session') {
      return this.#listings[key.field];
    }
    let sessions = this.#sessions.get(key.value);
    if (sessions === undefined) {
      sessions = new Map();
      this.#sessions.set(key.value, sessions);
    }
    return sessions;
  }
}

function lastPart(key: RoutingKey): string {
  return key.nativeSessionId ?? key.value;
}
