import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import type { Batch } from './Batch.js';
import { KeyIndex } from './KeyIndex.js';
import { Listing } from './Listing.js';
import { type Asked, comparison, Route } from './Route.js';
import { finding, type KeyField, type RoutingKey } from './routingKeys.js';
import type { Destination, Target } from './Target.js';

/**
 * Finds the destinations of each event by the event's keys, and later offers them a burst of events at once.
 *
 * Invariants: a destination that one key decides is listed by that key; any other by a route for each of its keys.
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
  /** The ways to those destinations that no single key decides about. */
  readonly #routes = new Map<Destination<E>, readonly Route<E>[]>();
  #size = 0;

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
    destination.filter = filter;
    const { keys, rest } = finding(filter);
    const [key] = keys;
    if (key !== undefined && keys.length === 1 && rest === undefined) {
      this.#enter(key, destination);
      return;
    }
    const mayComeTwice = keys.some(({ field }) => field !== key?.field);
    const mayThrow = rest !== undefined && comparison(rest).length === 0;
    const asked: Asked | undefined = mayComeTwice || mayThrow ? { next: 0 } : undefined;
    const routes = keys.map((each) => new Route(destination, each, rest, asked));
    this.#routes.set(destination, routes);
    for (const route of routes) {
      this.#enter(route.key, route);
    }
  }

  /** Takes `destination` off. */
  remove(destination: Destination<E>): void {
    const { filter, parkedIn } = destination;
    if (filter === undefined) {
      return;
    }
    this.#size -= 1;
    destination.router = undefined;
    destination.filter = undefined;
    parkedIn?.unpark(destination);
    const routes = this.#routes.get(destination);
    if (routes === undefined) {
      // One key decides: to find it again takes less than to keep it.
      this.#leave(finding(filter).keys[0] as RoutingKey, destination);
      return;
    }
    this.#routes.delete(destination);
    for (const route of routes) {
      this.#leave(route.key, route);
    }
  }

  /**
   * Notes in `batch` whom its last event is for.
   *
   * @returns Whether it is for anybody.
   */
  find({ routing, origin }: BusEvent<E>, batch: Batch<E>): boolean {
    const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
    const indexes = this.#indexes;
    let found = this.#everyone.size > 0;
    if (scrollId !== undefined && indexes.scrollId.size > 0) {
      found = indexes.scrollId.find(scrollId, batch) || found;
    }
    if (connectorUid !== undefined && indexes.connectorUid.size > 0) {
      found = indexes.connectorUid.find(connectorUid, batch) || found;
    }
    if (connectorId !== undefined) {
      if (indexes.connectorId.size > 0) {
        found = indexes.connectorId.find(connectorId, batch) || found;
      }
      if (nativeSessionId !== undefined && this.#sessions.size > 0) {
        found = this.#sessions.get(connectorId)?.find(nativeSessionId, batch) === true || found;
      }
    }
    if (indexes.kind.size > 0) {
      found = indexes.kind.find(kind, batch) || found;
    }
    if (indexes.origin.size > 0) {
      found = indexes.origin.find(origin, batch) || found;
    }
    return found;
  }

  /** Offers the events of `batch`, in which all of them were found, to every destination whose filter matches them. */
  handOver(batch: Batch<E>): void {
    this.#everyone.offerRun(batch, 0, batch.events.length);
    for (const { target, from, to } of batch.runs) {
      target.offerRun(batch, from, to);
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
