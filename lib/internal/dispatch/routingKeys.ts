import type { EventFilter } from '../../events/EventFilter.js';

/** The fields that receivers are indexed by, from the most selective to the least. Any event has the key of `any`. */
export const KEY_FIELDS = ['session', 'scrollId', 'connectorUid', 'connectorId', 'kind', 'origin', 'any'] as const;

export type KeyField = (typeof KEY_FIELDS)[number];

/** A value of one field of an event. A session has two parts, which are never joined, since each may contain any character. */
export interface RoutingKey {
  readonly field: KeyField;
  readonly value: string;
  readonly nativeSessionId?: string;
}

/** How the events that match a filter are found. */
export interface Finding<E> {
  /** Each event that the filter matches has at least one of these keys. Without keys, the filter matches nothing. */
  readonly keys: readonly RoutingKey[];
  /** What an event that has one of the keys must also match. `undefined` if the keys decide alone. */
  readonly rest: EventFilter<E> | undefined;
}

const ANY: readonly RoutingKey[] = [{ field: 'any', value: '' }];

/** An `and` is found by its most selective part, an `or` by all of its parts. */
export function finding<E>(filter: EventFilter<E>): Finding<E> {
  switch (filter.type) {
    case 'all':
      return decidedBy(ANY);
    case 'scrollId':
    case 'connectorUid':
      return decidedBy([{ field: filter.type, value: filter.id }]);
    case 'connectorId':
      return decidedBy([{ field: 'connectorId', value: filter.connectorId }]);
    case 'session':
      return decidedBy([{ field: 'session', value: filter.connectorId, nativeSessionId: filter.nativeSessionId }]);
    case 'kind':
      return decidedBy(distinct(filter.kinds.map((value) => ({ field: 'kind', value }))));
    case 'origin':
      return decidedBy(distinct(filter.origins.map((value) => ({ field: 'origin', value }))));
    case 'and':
      return findingOfAll(filter.filters);
    case 'or':
      return findingOfAny(filter, filter.filters.map(finding));
    default:
      return { keys: ANY, rest: filter };
  }
}

function decidedBy<E>(keys: readonly RoutingKey[]): Finding<E> {
  return { keys, rest: undefined };
}

function findingOfAll<E>(filters: readonly EventFilter<E>[]): Finding<E> {
  const findings = filters.map(finding);
  const best = findings.reduce<Finding<E>>(moreSelective, decidedBy<E>(ANY));
  const others = filters.filter((_, part) => {
    const { keys, rest } = findings[part] as Finding<E>;
    return findings[part] !== best && (keys !== ANY || rest !== undefined);
  });
  const left = best.rest === undefined ? others : [...others, best.rest];
  return { keys: best.keys, rest: left.length > 1 ? { type: 'and', filters: left } : left[0] };
}

function findingOfAny<E>(filter: EventFilter<E>, findings: readonly Finding<E>[]): Finding<E> {
  if (findings.some(({ keys, rest }) => keys === ANY && rest === undefined)) {
    return decidedBy(ANY);
  }
  const keys = findings.some((one) => one.keys === ANY) ? ANY : distinct(findings.flatMap((one) => one.keys));
  return { keys, rest: findings.every(({ rest }) => rest === undefined) ? undefined : filter };
}

function distinct(keys: readonly RoutingKey[]): readonly RoutingKey[] {
  return keys.length < 2 ? keys : [...new Map(keys.map((key) => [JSON.stringify(key), key])).values()];
}

function moreSelective<E>(one: Finding<E>, other: Finding<E>): Finding<E> {
  const difference = rank(other.keys) - rank(one.keys);
  return difference < 0 || (difference === 0 && other.keys.length < one.keys.length) ? other : one;
}

/** The rank of the least selective key. Without keys, nothing matches: the rank is the lowest. */
function rank(keys: readonly RoutingKey[]): number {
  return keys.reduce((worst, { field }) => Math.max(worst, KEY_FIELDS.indexOf(field)), -1);
}

/** Whether `filter` contains a predicate. */
export function hasPredicate<E>(filter: EventFilter<E>): boolean {
  switch (filter.type) {
    case 'where':
      return true;
    case 'and':
    case 'or':
      return filter.filters.some(hasPredicate);
    case 'not':
      return hasPredicate(filter.filter);
    default:
      return false;
  }
}
