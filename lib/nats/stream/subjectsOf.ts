import type { EventFilter } from '../../events/EventFilter.js';
import { ABSENT, gapSubject, markerSubject, registrationSubjects, tokenOf } from './subjects.js';

/** A token for each of connector, scroll and kind; `*` for any. */
type Pattern = readonly [uid: string, scroll: string, kind: string];

const ANY: Pattern = ['*', '*', '*'];
/** The most patterns. More are widened to all events. */
const MOST = 32;

/**
 * The subjects of all events that may match `filter`, and of others: a superset. `undefined` for all subjects.
 *
 * An event without a scroll id may get one on its way to a receiver, so it may match any scroll.
 */
export function subjectsOf(prefix: string, filter: EventFilter<never>): readonly string[] | undefined {
  const patterns = patternsOf(filter);
  if (patterns.some(isAny)) {
    return undefined;
  }
  return patterns.flatMap(([uid, scroll, kind]) =>
    kind === '*'
      ? [`${prefix}.${uid}.${scroll}.>`]
      : [`${prefix}.${uid}.${scroll}.${kind}`, `${prefix}.${uid}.${scroll}.${kind}.*`],
  );
}

/**
 * The subjects of a reader that wants `filter`: those of `subjectsOf`, all registrations, the gaps that publishers tell and the epoch markers. No message
 * has two of them, as a consumer requires. `undefined` for all subjects.
 */
export function readerSubjectsOf(prefix: string, filter: EventFilter<never>): readonly string[] | undefined {
  const patterns = apart(patternsOf(filter));
  if (patterns.some(isAny)) {
    return undefined;
  }
  // Events have three tokens after the prefix, registrations one more, and gaps and markers one each.
  const ofEvents = patterns.map((pattern) => [prefix, ...pattern].join('.'));
  return [...ofEvents, registrationSubjects(prefix), gapSubject(prefix), markerSubject(prefix)];
}

/** Whether a subject is among `subjects`, which have `*` and no `>`. */
export function isAmong(subjects: readonly string[], subject: string): boolean {
  const tokens = subject.split('.');
  return subjects.some((one) => {
    const wanted = one.split('.');
    return wanted.length === tokens.length && wanted.every((token, index) => token === '*' || token === tokens[index]);
  });
}

/** The same events and others, by patterns that have no event in common: two that have are widened to one. */
function apart(patterns: readonly Pattern[]): readonly Pattern[] {
  return patterns.reduce<readonly Pattern[]>((kept, pattern) => {
    const near = kept.find((one) => both(one, pattern).length > 0);
    return near === undefined
      ? [...kept, pattern]
      : apart([...kept.filter((one) => one !== near), widened(near, pattern)]);
  }, []);
}

function widened(one: Pattern, other: Pattern): Pattern {
  return one.map((token, index) => (token === other[index] ? token : '*')) as unknown as Pattern;
}

function isAny(pattern: Pattern): boolean {
  return pattern.every((token) => token === '*');
}

function patternsOf(filter: EventFilter<never>): readonly Pattern[] {
  switch (filter.type) {
    case 'scrollId':
      return [
        ['*', tokenOf(filter.id), '*'],
        ['*', ABSENT, '*'],
      ];
    case 'connectorUid':
      return [[tokenOf(filter.id), '*', '*']];
    case 'kind':
      return few(filter.kinds.map((kind): Pattern => ['*', '*', tokenOf(kind)]));
    case 'and':
      return filter.filters
        .map((one) => patternsOf(one))
        .reduce((left, right) => few(left.flatMap((one) => right.flatMap((other) => both(one, other)))), [ANY]);
    case 'or':
      return few(filter.filters.flatMap((one) => patternsOf(one)));
    default:
      return [ANY];
  }
}

/** The events of both patterns; none if they have no event in common. */
function both(one: Pattern, other: Pattern): readonly Pattern[] {
  const tokens = one.map((token, index) => {
    const second = other[index] as string;
    return token === '*' || token === second ? second : second === '*' ? token : undefined;
  });
  return tokens.includes(undefined) ? [] : [tokens as unknown as Pattern];
}

/** The same events with as few patterns as is easily seen, or all events. */
function few(patterns: readonly Pattern[]): readonly Pattern[] {
  const kept: Pattern[] = [];
  for (const pattern of patterns) {
    if (!kept.some((one) => covers(one, pattern))) {
      kept.splice(0, kept.length, ...kept.filter((one) => !covers(pattern, one)), pattern);
    }
  }
  return kept.length <= MOST ? kept : [ANY];
}

function covers(one: Pattern, other: Pattern): boolean {
  return one.every((token, index) => token === '*' || token === other[index]);
}
