import type { EventFilter } from '../protocol/EventFilter.js';

/** The fields that receivers are indexed by, from the most selective to the least. */
export const KEY_FIELDS = ['session', 'scrollId', 'connectorUid', 'connectorId', 'kind', 'origin'] as const;

export type KeyField = (typeof KEY_FIELDS)[number];

/** A value of one field of an event. A session has two parts, which are never joined: each may hold any character. */
export interface RoutingKey {
  readonly field: KeyField;
  readonly value: string;
  readonly nativeSessionId?: string;
}

/**
 * Keys of which an event has at least one wherever `filter` matches it; `undefined` where there are none such.
 *
 * An `and` is found by the most selective of its parts, an `or` by all of its parts together.
 */
export function routingKeys<E>(filter: EventFilter<E>): readonly RoutingKey[] | undefined {
  switch (filter.type) {
    case 'scrollId':
    case 'connectorUid':
      return [{ field: filter.type, value: filter.id }];
    case 'connectorId':
      return [{ field: 'connectorId', value: filter.connectorId }];
    case 'session':
      return [{ field: 'session', value: filter.connectorId, nativeSessionId: filter.nativeSessionId }];
    case 'kind':
      return filter.kinds.map((value) => ({ field: 'kind', value }));
    case 'origin':
      return filter.origins.map((value) => ({ field: 'origin', value }));
    case 'and':
      return filter.filters.map(routingKeys).reduce(moreSelective, undefined);
    case 'or': {
      const parts = filter.filters.map(routingKeys);
      return parts.every((keys) => keys !== undefined) ? parts.flat() : undefined;
    }
    default:
      return undefined;
  }
}

/** Whether an event that has one of the {@link routingKeys} of `filter` thereby matches it: then it need not be asked. */
export function decidedByKeys<E>(filter: EventFilter<E>): boolean {
  switch (filter.type) {
    case 'and':
    case 'not':
    case 'where':
      return false;
    case 'or':
      return filter.filters.every(decidedByKeys);
    default:
      return true;
  }
}

type Keys = readonly RoutingKey[] | undefined;

function moreSelective(one: Keys, other: Keys): Keys {
  if (one === undefined || other === undefined) {
    return one ?? other;
  }
  const difference = rank(other) - rank(one);
  return difference < 0 || (difference === 0 && other.length < one.length) ? other : one;
}

/** That of the least selective key. No key at all matches nothing, and ranks before all. */
function rank(keys: readonly RoutingKey[]): number {
  return keys.reduce((worst, { field }) => Math.max(worst, KEY_FIELDS.indexOf(field)), -1);
}
