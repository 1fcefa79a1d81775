import { isPromise, takeRejection } from '../internal/support/promises.js';
import { show } from '../internal/support/show.js';
import { type BusEvent, type EventKind, type EventOrigin, withIds } from './BusEvent.js';
import type { Event } from './Event.js';
import { canonicalUuid, parseUuid, type Uuid } from './Uuid.js';

/**
 * Which events a subscriber wants. Every filter but `where` is plain data: it survives JSON, and can be sent.
 *
 * @see {@link matches} for what each of them means.
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

/** Thrown for what is no filter, or has a part that is no filter, and for a `where` predicate that returns a promise. */
export class InvalidFilterError extends TypeError {
  override readonly name = 'InvalidFilterError';
}

/** How deep filters may nest in one another. */
export const MAX_FILTER_DEPTH = 256;

/** The filter of one type, which is data and fits a bus of any payload. */
export type PlainEventFilter<T extends EventFilter['type']> = Extract<EventFilter<never>, { type: T }>;

const { freeze } = Object;

const all: PlainEventFilter<'all'> = freeze({ type: 'all' });

/** The constructors of filters. What they return is frozen. */
export const EventFilter = {
  /** Every event. */
  all,

  /**
   * The events of one scroll.
   *
   * @param id The scroll's UUID, in any spelling.
   * @throws InvalidUuidError if `id` is not a UUID.
   */
  scrollId(id: string): PlainEventFilter<'scrollId'> {
    return freeze({ type: 'scrollId', id: parseUuid(id) });
  },

  /**
   * The events of one connector, by its UUID.
   *
   * @param id The connector's UUID, in any spelling.
   * @throws InvalidUuidError if `id` is not a UUID.
   */
  connectorUid(id: string): PlainEventFilter<'connectorUid'> {
    return freeze({ type: 'connectorUid', id: parseUuid(id) });
  },

  /** The events of one connector, by its name. */
  connectorId(name: string): PlainEventFilter<'connectorId'> {
    return freeze({ type: 'connectorId', connectorId: text(name, 'connectorId') });
  },

  /** The events of one native session: of exactly this connector and exactly this session id. */
  session(connectorId: string, nativeSessionId: string): PlainEventFilter<'session'> {
    return freeze({
      type: 'session',
      connectorId: text(connectorId, 'session'),
      nativeSessionId: text(nativeSessionId, 'session'),
    });
  },

  /** The events of any of these kinds; with no kind, none. */
  kind(...kinds: EventKind[]): PlainEventFilter<'kind'> {
    return kindOf(kinds);
  },

  /** The events of any of these origins; with no origin, none. */
  origin(...origins: EventOrigin[]): PlainEventFilter<'origin'> {
    return originOf(origins);
  },

  /** The events that pass every one of `filters`; with no filter, all. */
  and<E = unknown>(...filters: EventFilter<E>[]): EventFilter<E> {
    return group('and', filters);
  },

  /** The events that pass at least one of `filters`; with no filter, none. */
  or<E = unknown>(...filters: EventFilter<E>[]): EventFilter<E> {
    return group('or', filters);
  },

  /** The events that do not pass `filter`. */
  not<E = unknown>(filter: EventFilter<E>): EventFilter<E> {
    requireFilter(filter, 'not');
    return filter.type === 'not' ? filter.filter : freeze({ type: 'not', filter });
  },

  /**
   * The events for which `predicate` returns something true. The only filter that is not plain data.
   *
   * **Gotchas** It must be pure: whether it is asked is not promised where another part of the filter decides. One
   * that throws ends its own receiver with what it threw, and one that returns a promise, which is no verdict, with
   * {@link InvalidFilterError}. Made outside of a call that says what `E` is, it is one for
   * the library's own `Event`: say `where<MyEvent>(…)` there.
   */
  where<E = Event>(predicate: (busEvent: BusEvent<E>) => boolean): EventFilter<E> {
    if (typeof predicate !== 'function') {
      throw expected('a function', 'where', predicate);
    }
    return freeze({ type: 'where', predicate });
  },
};

/**
 * Whether `busEvent` passes `filter`. This is the definition of every filter: what a bus delivers agrees with it.
 *
 * **Details** Ids are compared as UUIDs, whatever their spelling. A field that the routing lacks equals nothing.
 *
 * **Errors** {@link InvalidFilterError} and `InvalidUuidError` for a hand-made filter that is malformed, or nested more
 * than 256 deep, or whose `where` predicate returns a promise; and what such a predicate throws.
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

/** {@link matches} for a filter and an event that are known to be canonical. */
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
      // Plain JavaScript may answer with anything.
      const verdict: unknown = filter.predicate(busEvent);
      return typeof verdict === 'boolean' ? verdict : isTrue(verdict, filter.predicate.name);
    }
  }
}

/** What `verdict`, which is no boolean, counts as. A promise would be true, whatever it comes to. */
function isTrue(verdict: unknown, name: string): boolean {
  if (isPromise(verdict)) {
    takeRejection(verdict, () => undefined);
    throw new InvalidFilterError(`where(${name}): a promise is no verdict, it must answer at once`);
  }
  return Boolean(verdict);
}

/** Whether the form of `filter` says that it matches every event. What its predicates would answer is not asked. */
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

/** A frozen copy of a filter that may be hand-made: checked whole, and its ids canonical. */
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

/** {@link canonicalFilter}, and plainly `all` where it {@link matchesEverything}. */
export function simplestFilter<E>(filter: EventFilter<E>): EventFilter<E> {
  const canonical = canonicalFilter(filter);
  return matchesEverything(canonical) ? all : canonical;
}

function requireFilter(filter: unknown, owner: string): void {
  if (typeof filter !== 'object' || filter === null) {
    throw expected('a filter', owner, filter);
  }
}

/** An `and` in an `and`, or an `or` in an `or`, says nothing of its own: a filter built step by step stays flat. */
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
