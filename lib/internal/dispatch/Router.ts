import type { BusEvent } from '../../events/BusEvent.js';
import type { EventFilter } from '../../events/EventFilter.js';
import { Dictionary } from '../support/Dictionary.js';
import { Listing } from './Listing.js';
import { comparison, Route, type RouteProgress } from './Route.js';
import { finding, type KeyField, type RoutingKey } from './routingKeys.js';
import type { Batch, Destination, Lister, Run, Target } from './Target.js';

/**
 * Finds the destinations of each event by the event's keys. Later, it offers them a whole burst.
 *
 * Invariants: a destination is listed by its key if this key alone decides. Any other destination is listed by one route for each of its
 * keys.
 */
export class Router<E> implements Lister<E> {
  /** Number of listed destinations. */
  size = 0;

  private readonly any = new Listing<E>();
  private readonly sessions = new Map<string, KeyIndex<E>>();
  private readonly indexes: Readonly<Record<Exclude<KeyField, 'session' | 'any'>, KeyIndex<E>>> = {
    scrollId: new KeyIndex(),
    connectorUid: new KeyIndex(),
    connectorId: new KeyIndex(),
    kind: new KeyIndex(),
    origin: new KeyIndex(),
  };
  /** The routes to each destination for which no key decides alone. */
  private readonly routes = new Map<Destination<E>, readonly Route<E>[]>();
  /** Whether `any` has targets. */
  private hasAny = false;

  /** Whether a destination is listed by `text` in this field. Then it is a canonical UUID. */
  knows(field: 'scrollId' | 'connectorUid', text: string): boolean {
    const index = this.indexes[field];
    return index.size > 0 && index.has(text);
  }

  /** Lists `destination` for the events that match `filter`, which is canonical. */
  add(destination: Destination<E>, filter: EventFilter<E>): void {
    this.size += 1;
    destination.router = this;
    destination.filter = filter;
    const { keys, rest } = finding(filter);
    const [key] = keys;
    if (key !== undefined && keys.length === 1 && rest === undefined) {
      this.enter(key, destination);
      return;
    }
    const mayBeFoundTwice = keys.some(({ field }) => field !== key?.field);
    const mayThrow = rest !== undefined && comparison(rest).length === 0;
    const progress: RouteProgress | undefined = mayBeFoundTwice || mayThrow ? { next: 0 } : undefined;
    const routes = keys.map((each) => new Route(destination, each, rest, progress));
    this.routes.set(destination, routes);
    for (const route of routes) {
      this.enter(route.key, route);
    }
  }

  /** Removes `destination`, if it is listed. */
  remove(destination: Destination<E>): void {
    const { filter, parkedIn } = destination;
    if (filter === undefined) {
      return;
    }
    this.size -= 1;
    destination.router = undefined;
    destination.filter = undefined;
    parkedIn?.unpark(destination);
    const routes = this.routes.get(destination);
    if (routes === undefined) {
      // One key decides. Keeping it would take memory for each destination.
      this.leave(finding(filter).keys[0] as RoutingKey, destination);
      return;
    }
    this.routes.delete(destination);
    for (const route of routes) {
      this.leave(route.key, route);
    }
  }

  /**
   * Adds the last event of `batch` to the runs of the targets that it is for.
   *
   * @returns Whether there are any.
   */
  find({ routing, origin }: BusEvent<E>, batch: Batch<E>): boolean {
    const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
    const indexes = this.indexes;
    let found = this.hasAny;
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
      if (nativeSessionId !== undefined && this.sessions.size > 0) {
        found = this.sessions.get(connectorId)?.find(nativeSessionId, batch) === true || found;
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

  /** Offers the events of `batch` to every destination whose filter matches them. {@link find} was called for each event. */
  handOver(batch: Batch<E>): void {
    if (this.hasAny) {
      this.any.offerRun(batch, 0, batch.events.length);
    }
    for (const { target, from, to } of batch.runs) {
      target.offerRun(batch, from, to);
    }
  }

  private enter({ field, value, nativeSessionId = '' }: RoutingKey, target: Target<E>): void {
    if (field === 'any') {
      this.any.add(target);
      this.hasAny = true;
    } else if (field !== 'session') {
      this.indexes[field].add(value, target);
    } else {
      let index = this.sessions.get(value);
      if (index === undefined) {
        index = new KeyIndex();
        this.sessions.set(value, index);
      }
      index.add(nativeSessionId, target);
    }
  }

  private leave({ field, value, nativeSessionId = '' }: RoutingKey, target: Target<E>): void {
    if (field === 'any') {
      this.any.remove(target);
      this.hasAny = this.any.size > 0;
    } else if (field !== 'session') {
      this.indexes[field].remove(value, target);
    } else {
      const index = this.sessions.get(value);
      index?.remove(nativeSessionId, target);
      if (index?.size === 0) {
        this.sessions.delete(value);
      }
    }
  }
}

/**
 * The targets by the values of one field.
 *
 * Invariants: an entry is a target, or a listing that is not empty. `lastTarget` is the entry of `lastValue`, if there is one.
 */
class KeyIndex<E> {
  /** Number of values by which a target is listed. */
  size = 0;

  private readonly entries = new Dictionary<Target<E>>();
  /** The value that was looked up last. */
  private lastValue: string | undefined;
  private lastTarget: Target<E> | undefined;
  /** The index of the run that was extended or added last, and the number of its batch. */
  private run = 0;
  private batch = -1;

  /** Whether a target is listed by `value`. */
  has(value: string): boolean {
    if (value !== this.lastValue) {
      this.lookUp(value);
    }
    return this.lastTarget !== undefined;
  }

  add(value: string, target: Target<E>): void {
    const entry = this.entries.get(value);
    if (entry instanceof Listing) {
      entry.add(target);
      return;
    }
    this.forget();
    if (entry === undefined) {
      this.size += 1;
      this.entries.set(value, target);
    } else {
      const listing = new Listing<E>();
      listing.add(entry);
      listing.add(target);
      this.entries.set(value, listing);
    }
  }

  remove(value: string, target: Target<E>): void {
    this.forget();
    const entry = this.entries.get(value);
    if (entry instanceof Listing) {
      entry.remove(target);
      if (entry.size > 0) {
        return;
      }
    }
    this.size -= 1;
    this.entries.delete(value);
  }

  /**
   * Adds the last event of `batch` to the runs of the target that is listed by `value`.
   *
   * @returns Whether there is such a target.
   */
  find(value: string, batch: Batch<E>): boolean {
    if (value !== this.lastValue) {
      this.lookUp(value);
    }
    const target = this.lastTarget;
    if (target === undefined) {
      return false;
    }
    const { first, runs } = batch;
    const at = batch.events.length - 1;
    if (this.batch === first) {
      const run = runs[this.run] as Run<E>;
      if (run.target === target && run.to === at) {
        run.to += 1;
        return true;
      }
    }
    this.batch = first;
    this.run = runs.length;
    runs.push({ target, from: at, to: at + 1 });
    return true;
  }

  private lookUp(value: string): void {
    this.lastValue = value;
    this.lastTarget = this.entries.get(value);
  }

  private forget(): void {
    this.lastValue = undefined;
    this.lastTarget = undefined;
  }
}
