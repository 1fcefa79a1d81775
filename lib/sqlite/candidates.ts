import { passes, type EventFilter } from '../events/EventFilter.js';
import type { EventOrigin, EventRouting } from '../events/BusEvent.js';
import type { Words } from './Words.js';

/** The columns that have an index, the most selective one first. */
const COLUMNS = ['session', 'scroll', 'connector_uid', 'connector', 'kind', 'origin'] as const;

/** Events whose column has this value. */
export interface Term {
  readonly column: (typeof COLUMNS)[number];
  readonly id: number;
}

/** Which events a search has to look at. */
export interface Candidates {
  /** Events of any of these terms. `undefined`: all events. */
  readonly terms: readonly Term[] | undefined;
  /** Whether each candidate matches the filter. */
  readonly isExact: boolean;
}

/** More terms than this are not worth a search of their own. */
const MOST_TERMS = 32;

const EVERYTHING: Candidates = { terms: undefined, isExact: false };

/** The events among which are all that match `filter`. */
export function candidatesOf<E>(filter: EventFilter<E>, words: Words): Candidates {
  switch (filter.type) {
    case 'all':
      return { terms: undefined, isExact: true };
    case 'scrollId':
      return exactly([termOf('scroll', words.find(filter.id))]);
    case 'connectorUid':
      return exactly([termOf('connector_uid', words.find(filter.id))]);
    case 'connectorId':
      return exactly([termOf('connector', words.find(filter.connectorId))]);
    case 'session': {
      const connector = words.find(filter.connectorId);
      const id = connector === undefined ? undefined : words.findSessionId(connector, filter.nativeSessionId);
      return exactly([termOf('session', id)]);
    }
    case 'kind':
      return exactly(filter.kinds.map((kind) => termOf('kind', words.find(kind))));
    case 'origin':
      return exactly(filter.origins.map((origin) => termOf('origin', words.find(origin))));
    case 'and':
      return bestOf(filter.filters.map((one) => candidatesOf(one, words)));
    case 'or':
      return unionOf(filter.filters.map((one) => candidatesOf(one, words)));
    default:
      return EVERYTHING;
  }
}

function termOf(column: Term['column'], id: number | undefined): Term | undefined {
  return id === undefined ? undefined : { column, id };
}

/** `undefined` is a value that the file does not have. */
function exactly(terms: readonly (Term | undefined)[]): Candidates {
  const unique = new Map(terms.flatMap((term) => (term === undefined ? [] : [[`${term.column} ${term.id}`, term]])));
  return unique.size > MOST_TERMS ? EVERYTHING : { terms: [...unique.values()], isExact: true };
}

/** The part of an `and` that selects fewest events, judged by its columns. */
function bestOf(parts: readonly Candidates[]): Candidates {
  const restricting = parts.filter(({ terms }) => terms !== undefined);
  const [best = parts[0] ?? EVERYTHING] = restricting.sort((a, b) => breadth(a) - breadth(b));
  const others = parts.filter((part) => part !== best);
  const isExact =
    parts.length === 0 || (best.isExact && others.every((part) => part.terms === undefined && part.isExact));
  return { terms: best.terms, isExact };
}

function breadth({ terms = [] }: Candidates): number {
  return terms.reduce((sum, { column }) => sum + 10 ** COLUMNS.indexOf(column), 0);
}

function unionOf(parts: readonly Candidates[]): Candidates {
  if (parts.some(({ terms }) => terms === undefined)) {
    return { terms: undefined, isExact: parts.some(({ terms, isExact }) => terms === undefined && isExact) };
  }
  const union = exactly(parts.flatMap(({ terms = [] }) => terms));
  return { terms: union.terms, isExact: union.isExact && parts.every(({ isExact }) => isExact) };
}

const ROW = 'seq, at, scroll, connector_uid, connector, session, kind, origin, more, payload';

/**
 * The statement that reads candidates in order. Its parameters are, for each term, its id, the place after which to begin and the last place; and
 * then the most rows. If there are no terms, only the two places and the most rows.
 */
export function selectOf(terms: readonly Term[] | undefined): string {
  const places = 'seq > ? AND seq <= ?';
  if (terms === undefined) {
    return `SELECT ${ROW} FROM event WHERE ${places} ORDER BY seq LIMIT ?`;
  }
  // Named, so that no statistics and no version of SQLite chooses another index.
  const found = (columns: string, { column }: Term): string =>
    `SELECT ${columns} FROM event INDEXED BY event_${column} WHERE ${column} = ? AND ${places}`;
  const [first] = terms;
  if (terms.length === 1 && first !== undefined) {
    return `${found(ROW, first)} ORDER BY seq LIMIT ?`;
  }
  // Each part is in order, so SQLite merges them, and stops at the limit.
  const union = terms.map((term) => found('seq AS place', term)).join(' UNION ');
  return `SELECT ${ROW} FROM (${union} ORDER BY place LIMIT ?) CROSS JOIN event ON seq = place ORDER BY place`;
}

/** The parameters of `selectOf`. */
export function parametersOf(terms: readonly Term[] | undefined, after: number, upTo: number, limit: number): number[] {
  return terms === undefined ? [after, upTo, limit] : [...terms.flatMap(({ id }) => [id, after, upTo]), limit];
}

/** Whether an event with this routing may match. The payload is not known yet, so predicates are not asked. */
export function mayMatch<E>(filter: EventFilter<E>, routing: EventRouting, origin: EventOrigin): boolean {
  return verdict(filter, routing, origin) !== false;
}

/** `undefined` if a predicate decides. */
function verdict<E>(filter: EventFilter<E>, routing: EventRouting, origin: EventOrigin): boolean | undefined {
  switch (filter.type) {
    case 'where':
      return undefined;
    case 'not': {
      const inner = verdict(filter.filter, routing, origin);
      return inner === undefined ? undefined : !inner;
    }
    case 'and':
    case 'or': {
      const decisive = filter.type === 'or';
      const inner = filter.filters.map((one) => verdict(one, routing, origin));
      return inner.includes(decisive) ? decisive : inner.includes(undefined) ? undefined : !decisive;
    }
    default:
      return passes(filter as EventFilter<undefined>, { routing, origin, event: undefined });
  }
}
