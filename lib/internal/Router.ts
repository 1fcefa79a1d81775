import type { BusEvent } from '../protocol/BusEvent.js';
import type { EventFilter } from '../protocol/EventFilter.js';
import { KeyIndex, type Run } from './KeyIndex.js';
import { Listing } from './Listing.js';
import { type Asked, comparison, Route } from './Route.js';
import { finding, type KeyField, type RoutingKey } from './routingKeys.js';
import type { Burst, Destination, Target } from './Target.js';

/**
 * Finds the destinations of each event by the event's keys, and later offers them a burst of events at once.
 *
 * Invariants: a destination that one key decides is listed by that key; any other by a route for each of its keys. `runs` are of the
 * events that were found since the last hand-over, in their order.
 */
export class Router<E> {
  readonly #everyone = new Listing<E>();
  readonly #sessions = new Map<string, KeyIndex<E>>();
  readonly #indexes: Readonly<Record<Exclude<KeyField, 'session' | 'any'>, KeyIndex<E>>> = {
    scrollId: new KeyIndex(),
    connectorUid: new KeyIndex(),
    connectorId: new KeyIndex(),
    kind: new KeyIndex(),
    origin: new KeyIndex(),
  };
  #size = 0;
  #runs: Run<E>[] = [];
  /** The number of the first event since the last hand-over. */
  #first = 0;

  /** Destinations that are listed. */
  get size(): number {
    return this.#size;
  }

  /** Whether `id` is one that somebody is listed by: then it is canonical. */
  knows(id: string): boolean {
    const { scrollId, connectorUid } = this.#indexes;
    return scrollId.has(id) || connectorUid.has(id);
  }

  /** Lists `destination` for the events that match `filter`, which is canonical. */
  add(destination: Destination<E>, filter: EventFilter<E>): void {
    this.#size += 1;
    destination.router = this;
    const { keys, rest } = finding(filter);
    const [key] = keys;
    if (key !== undefined && keys.length === 1 && rest === undefined) {
      destination.listed = key;
      this.#enter(key, destination);
      return;
    }
    const mayComeTwice = keys.some(({ field }) => field !== key?.field);
    const mayThrow = rest !== undefined && comparison(rest).length === 0;
    const asked: Asked | undefined = mayComeTwice || mayThrow ? { next: 0 } : undefined;
    const routes = keys.map((each) => new Route(destination, each, rest, asked));
    destination.listed = routes;
    for (const route of routes) {
      this.#enter(route.key, route);
    }
  }

  /** Takes `destination` off. */
  remove(destination: Destination<E>): void {
    const { listed, parkedIn } = destination;
    if (listed === undefined) {
      return;
    }
    this.#size -= 1;
    destination.router = undefined;
    destination.listed = undefined;
    parkedIn?.unpark(destination);
    if ('field' in listed) {
      this.#leave(listed, destination);
    } else {
      for (const route of listed) {
        this.#leave(route.key, route);
      }
    }
  }

  /**
   * Looks up those whose keys `busEvent` has.
   *
   * @param at The number of events that were found before, since the last hand-over.
   * @returns Whether there are any. If not, the event is not part of the burst.
   */
  find(busEvent: BusEvent<E>, at: number): boolean {
    const { routing, origin } = busEvent;
    const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
    const indexes = this.#indexes;
    let found = this.#everyone.size > 0;
    if (scrollId !== undefined && indexes.scrollId.size > 0) {
      found = indexes.scrollId.find(scrollId, at, this.#first, this.#runs) || found;
    }
    if (connectorUid !== undefined && indexes.connectorUid.size > 0) {
      found = indexes.connectorUid.find(connectorUid, at, this.#first, this.#runs) || found;
    }
    if (connectorId !== undefined) {
      if (indexes.connectorId.size > 0) {
        found = indexes.connectorId.find(connectorId, at, this.#first, this.#runs) || found;
      }
      if (nativeSessionId !== undefined && this.#sessions.size > 0) {
        found = this.#sessions.get(connectorId)?.find(nativeSessionId, at, this.#first, this.#runs) === true || found;
      }
    }
    if (indexes.kind.size > 0) {
      found = indexes.kind.find(kind, at, this.#first, this.#runs) || found;
    }
    if (indexes.origin.size > 0) {
      found = indexes.origin.find(origin, at, this.#first, this.#runs) || found;
    }
    return found;
  }

  /** Offers `events`, which were found since the last time, to every destination whose filter matches them. */
  handOver(events: readonly BusEvent<E>[], lent: boolean): void {
    const burst: Burst<E> = { events, first: this.#first, lent };
    const runs = this.#runs;
    this.#runs = [];
    this.#first += events.length;
    this.#everyone.offerRun(burst, 0, events.length);
    for (const { target, from, to } of runs) {
      target.offerRun(burst, from, to);
    }
  }

  #enter({ field, value, nativeSessionId = '' }: RoutingKey, target: Target<E>): void {
    if (field === 'any') {
      this.#everyone.add(target);
    } else if (field !== 'session') {
      this.#indexes[field].add(value, target);
    } else {
      let index = this.#sessions.get(value);
      if (index === undefined) {
        index = new KeyIndex();
        this.#sessions.set(value, index);
      }
      index.add(nativeSessionId, target);
    }
  }

  #leave({ field, value, nativeSessionId = '' }: RoutingKey, target: Target<E>): void {
    if (field === 'any') {
      this.#everyone.remove(target);
    } else if (field !== 'session') {
      this.#indexes[field].remove(value, target);
    } else {
      const index = this.#sessions.get(value);
      index?.remove(nativeSessionId, target);
      if (index?.size === 0) {
        this.#sessions.delete(value);
      }
    }
  }
}
