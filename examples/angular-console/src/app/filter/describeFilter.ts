import { EventFilter } from 'sharing-bus';

/** A filter in a few words. */
export function describeFilter(filter: EventFilter<unknown>): string {
  switch (filter.type) {
    case 'all':
      return 'everything';
    case 'scrollId':
      return `scroll ${filter.id.slice(-6)}`;
    case 'connectorUid':
      return `connector ${filter.id.slice(-6)}`;
    case 'connectorId':
      return `connector ${filter.connectorId}`;
    case 'session':
      return `session ${filter.nativeSessionId} of ${filter.connectorId}`;
    case 'kind':
      return filter.kinds.join(' or ') || 'nothing';
    case 'origin':
      return `from ${filter.origins.join(' or ') || 'no origin'}`;
    case 'and':
      return filter.filters.map(inGroup).join(' and ') || 'everything';
    case 'or':
      return filter.filters.map(inGroup).join(' or ') || 'nothing';
    case 'not':
      return `not ${inGroup(filter.filter)}`;
    case 'where':
      return 'a function';
  }
}

/** The same filter without the `all` that the server adds to that of a request. */
export function simplified(filter: EventFilter<unknown>): EventFilter<unknown> {
  if (filter.type !== 'and') {
    return filter;
  }
  const parts = filter.filters.filter(({ type }) => type !== 'all');
  const [only = EventFilter.all] = parts;
  return parts.length < 2 ? only : EventFilter.and(...parts);
}

function inGroup(filter: EventFilter<unknown>): string {
  const text = describeFilter(filter);
  return text.includes(' or ') || text.includes(' and ') ? `(${text})` : text;
}
