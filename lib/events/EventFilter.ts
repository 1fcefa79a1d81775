import { isPromise, takeRejection } from '../internal/support/promises.js';
import { show } from '../internal/support/show.js';
import { type BusEvent, type EventKind, type EventOrigin, withIds } from './BusEvent.js';
import type { Event } from './Event.js';
import { canonicalUuid, parseUuid, type Uuid } from './Uuid.js';

/**
 * Selects the events that a subscriber gets. Every filter except `where` is plain data, so you can send it as JSON. Make filters with the
 * functions of the constant `EventFilter`, such as `EventFilter.kind('plan')`.
 *
 * @see {@link matches} defines what each filter selects.
 */
export type EventFilter<E = Event> =
  | { readonly type: 'all' }
  | { readonly type: 'scrollId'; readonly id: Uuid }
  | { readonly type: 'connectorUid'; readonly id: Uuid }
  | { readonly type: 'connectorId'; readonly connectorId: string }
  | { readonly type: 'session'; readonly connectorId: string; readonly nativeSessionId: string }
  | { readonly type: 'kind'; readonly kinds: readonly EventKind[] }
  | { readonly type: 'origin'; readonly origins: readonly EventOrigin[] }
  | { readonly type: 'and'; readonly filters: readonly EventFilter<E>[] }
  | { readonly type: 'or'; readonly filters: readonly EventFilter<E>[] }
  | { readonly type: 'not'; readonly filter: EventFilter<E> }
  | { readonly type: 'where'; readonly predicate: (busEvent: BusEvent<E>) => boolean };

/** Thrown if a value, or a part of it, is not a valid filter, and if a `where` predicate returns a promise. */
export class InvalidFilterError extends TypeError {
  override readonly name = 'InvalidFilterError';
}

/** The most levels of filters inside one another. */
export const MAX_FILTER_DEPTH = 256;

/** The filter of one type. It is plain data and fits a bus with any payload type. */
export type PlainEventFilter<T extends EventFilter['type']> = Extract<EventFilter<never>, { type: T }>;

const { freeze } = Object;

const all: PlainEventFilter<'all'> = freeze({ type: 'all' });

/** Makes filters. The filters are frozen objects. */
export const EventFilter = {
  /** Matches every event. */
  all,

  /**
   * Matches the events of one scroll.
   *
   * @param id The scroll's UUID, in any spelling.
   * @throws InvalidUuidError if `id` is not a UUID.
   */
  scrollId(id: string): PlainEventFilter<'scrollId'> {
    return freeze({ type: 'scrollId', id: parseUuid(id) });
  },

  /**
   * Matches the events of one connector, by its UUID.
   *
   * @param id The connector's UUID, in any spelling.
   * @throws InvalidUuidError if `id` is not a UUID.
   */
  connectorUid(id: string): PlainEventFilter<'connectorUid'> {
    return freeze({ type: 'connectorUid', id: parseUuid(id) });
  },

  /**
   * Matches the events of one connector, by its name.
   *
   * @param name The connector's name, compared exactly.
   * @throws InvalidFilterError if `name` is not a string.
   */
  connectorId(name: string): PlainEventFilter<'connectorId'> {
    return freeze({ type: 'connectorId', connectorId: text(name, 'connectorId') });
  },

  /**
   * Matches the events of one native session.
   *
   * @param connectorId The connector's name, compared exactly.
   * @param nativeSessionId The agent's own id of the session, compared exactly.
   * @throws InvalidFilterError if an argument is not a string.
   */
  session(connectorId: string, nativeSessionId: string): PlainEventFilter<'session'> {
    return freeze({
      type: 'session',
      connectorId: text(connectorId, 'session'),
      nativeSessionId: text(nativeSessionId, 'session'),
    });
  },

  /**
   * Matches the events of any of these kinds. Without arguments it matches no event.
   *
   * @throws InvalidFilterError if a kind is not a string.
   */
  kind(...kinds: EventKind[]): PlainEventFilter<'kind'> {
    return kindOf(kinds);
  },

  /**
   * Matches the events of any of these origins. Without arguments it matches no event.
   *
   * @throws InvalidFilterError if an origin is not a string.
   */
  origin(...origins: EventOrigin[]): PlainEventFilter<'origin'> {
    return originOf(origins);
  },

  /**
   * Matches the events that match all of `filters`. Without arguments it matches every event.
   *
   * @throws InvalidFilterError if an argument is not a filter.
   */
  and<E = unknown>(...filters: EventFilter<E>[]): EventFilter<E> {
    return group('and', filters);
  },

  /**
   * Matches the events that match at least one of `filters`. Without arguments it matches no event.
   *
   * @throws InvalidFilterError if an argument is not a filter.
   */
  or<E = unknown>(...filters: EventFilter<E>[]): EventFilter<E> {
    return group('or', filters);
  },

  /**
   * Matches the events that do not match `filter`.
   *
   * @throws InvalidFilterError if `filter` is not a filter.
   */
  not<E = unknown>(filter: EventFilter<E>): EventFilter<E> {
    requireFilter(filter, 'not');
    return filter.type === 'not' ? filter.filter : freeze({ type: 'not', filter });
  },

  /**
   * Matches the events for which `predicate` returns a truthy value. It is the only filter that is not plain data.
   *
   * **Errors** A predicate that throws ends its own receiver with what it threw. A predicate that returns a promise ends it with
   * {@link InvalidFilterError}. No other receiver is affected.
   *
   * **Gotchas** The predicate must be pure: it need not be called for an event if another part of the filter decides. TypeScript infers the
   * payload type `E` only inside a call that knows it, such as `bus.stream(EventFilter.where(...))`. Elsewhere it is the library's own
   * `Event`; write `where<MyEvent>(…)` there.
   *
   * @param predicate Returns whether the event matches. It must return at once, without a promise.
   * @throws InvalidFilterError if `predicate` is not a function.
   */
  where<E = Event>(predicate: (busEvent: BusEvent<E>) => boolean): EventFilter<E> {
    if (typeof predicate !== 'function') {
      throw expected('a function', 'where', predicate);
    }
    return freeze({ type: 'where', predicate });
  },
};

/**
 * Returns whether `busEvent` matches `filter`. This function defines every filter: a bus delivers exactly the events for which it returns
 * true.
 *
 * **Details** Scroll ids and connector UUIDs are compared as UUIDs, in any spelling. A field that is absent in the routing equals no value.
 *
 * **Errors** Throws {@link InvalidFilterError} or `InvalidUuidError` for a hand-made filter that is malformed or nested more than 256
 * levels deep, and {@link InvalidFilterError} for a `where` predicate that returns a promise. What a predicate throws is passed on.
 *
 * @example
 * ```ts
 * matches(EventFilter.kind('plan', 'usage'), { routing: { kind: 'plan' }, origin: 'agent', event }); // true
 * ```
 */
export function matches<E>(filter: EventFilter<E>, busEvent: BusEvent<E>): boolean {
  const { scrollId, connectorUid } = busEvent.routing;
  const canonicalScrollId = canonicalUuid(scrollId);
  const canonicalConnectorUid = canonicalUuid(connectorUid);
  const same = canonicalScrollId === scrollId && canonicalConnectorUid === connectorUid;
  return passes(canonicalFilter(filter), same ? busEvent : withIds(busEvent, canonicalScrollId, canonicalConnectorUid));
}

/** {@link matches} for a filter and an event that are already canonical. */
export function passes<E>(filter: EventFilter<E>, busEvent: BusEvent<E>): boolean {
  const { routing } = busEvent;
  switch (filter.type) {
    case 'all':
      return true;
    case 'scrollId':
      return routing.scrollId === filter.id;
    case 'connectorUid':
      return routing.connectorUid === filter.id;
    case 'connectorId':
      return routing.connectorId === filter.connectorId;
    case 'session':
      return routing.connectorId === filter.connectorId && routing.nativeSessionId === filter.nativeSessionId;
    case 'kind':
      return filter.kinds.includes(routing.kind);
    case 'origin':
      return filter.origins.includes(busEvent.origin);
    case 'and':
      return filter.filters.every((one) => passes(one, busEvent));
    case 'or':
      return filter.filters.some((one) => passes(one, busEvent));
    case 'not':
      return !passes(filter.filter, busEvent);
    case 'where': {
      // A caller in plain JavaScript may return any value.
      const verdict: unknown = filter.predicate(busEvent);
      return typeof verdict === 'boolean' ? verdict : isTrue(verdict, filter.predicate.name);
    }
  }
}

/** Whether a result that is not a boolean is truthy. A promise is always truthy, so it is refused. */
function isTrue(verdict: unknown, name: string): boolean {
  if (isPromise(verdict)) {
    takeRejection(verdict, () => undefined);
    throw new InvalidFilterError(`where(${name}): expected a boolean, got a promise`);
  }
  return Boolean(verdict);
}

/** Whether `filter` matches every event, judged by its structure alone. Predicates are not called. */
export function matchesEverything<E>(filter: EventFilter<E>): boolean {
  switch (filter.type) {
    case 'all':
      return true;
    case 'and':
      return filter.filters.every(matchesEverything);
    case 'or':
      return filter.filters.some(matchesEverything);
    case 'not':
      return matchesNothing(filter.filter);
    default:
      return false;
  }
}

function matchesNothing<E>(filter: EventFilter<E>): boolean {
  switch (filter.type) {
    case 'kind':
      return filter.kinds.length === 0;
    case 'origin':
      return filter.origins.length === 0;
    case 'and':
      return filter.filters.some(matchesNothing);
    case 'or':
      return filter.filters.every(matchesNothing);
    case 'not':
      return matchesEverything(filter.filter);
    default:
      return false;
  }
}

/** Validates a filter that may be hand-made. Returns a frozen copy with canonical ids. */
export function canonicalFilter<E>(filter: EventFilter<E>, depth = 1): EventFilter<E> {
  if (depth > MAX_FILTER_DEPTH) {
    throw new InvalidFilterError(`a filter may nest at most ${MAX_FILTER_DEPTH} deep`);
  }
  const nested = (one: EventFilter<E>): EventFilter<E> => canonicalFilter(one, depth + 1);
  requireFilter(filter, 'filter');
  switch (filter.type) {
    case 'all':
      return all;
    case 'scrollId':
    case 'connectorUid':
      return EventFilter[filter.type](filter.id);
    case 'connectorId':
      return EventFilter.connectorId(filter.connectorId);
    case 'session':
      return EventFilter.session(filter.connectorId, filter.nativeSessionId);
    case 'kind':
      return kindOf(list(filter.kinds, 'kind'));
    case 'origin':
      return originOf(list(filter.origins, 'origin'));
    case 'and':
    case 'or':
      return group(filter.type, list(filter.filters, filter.type).map(nested));
    case 'not':
      return EventFilter.not(nested(filter.filter));
    case 'where':
      return EventFilter.where(filter.predicate);
    default:
      throw expected('a known type', 'filter', filter satisfies never);
  }
}

/** {@link canonicalFilter}, reduced to `all` if it {@link matchesEverything}. */
export function simplestFilter<E>(filter: EventFilter<E>): EventFilter<E> {
  const canonical = canonicalFilter(filter);
  return matchesEverything(canonical) ? all : canonical;
}

function requireFilter(filter: unknown, owner: string): void {
  if (typeof filter !== 'object' || filter === null) {
    throw expected('a filter', owner, filter);
  }
}

/** Merges an `and` inside an `and`, and an `or` inside an `or`, so that a filter that is built step by step stays flat. */
function group<E>(type: 'and' | 'or', filters: readonly EventFilter<E>[]): EventFilter<E> {
  const flat = filters.flatMap((one) => {
    requireFilter(one, type);
    return one.type === type ? one.filters : one;
  });
  return freeze({ type, filters: freeze(flat) });
}

function kindOf(kinds: readonly EventKind[]): PlainEventFilter<'kind'> {
  return freeze({ type: 'kind', kinds: texts(kinds, 'kind') });
}

function originOf(origins: readonly EventOrigin[]): PlainEventFilter<'origin'> {
  return freeze({ type: 'origin', origins: texts(origins, 'origin') });
}

function text(value: string, owner: string): string {
  if (typeof value !== 'string') {
    throw expected('a string', owner, value);
  }
  return value;
}

function texts(values: readonly string[], owner: string): readonly string[] {
  return freeze(values.map((value) => text(value, owner)));
}

function list<T>(values: readonly T[], owner: string): readonly T[] {
  const given: unknown = values;
  if (!Array.isArray(given)) {
    throw expected('an array', owner, given);
  }
  return values;
}

function expected(what: string, owner: string, value: unknown): InvalidFilterError {
  return new InvalidFilterError(`${owner}: expected ${what}, got ${show(value)}`);
}
