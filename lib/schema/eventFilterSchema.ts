import * as z from 'zod/mini';
import { canonicalFilter, type EventFilter, MAX_FILTER_DEPTH } from '../events/EventFilter.js';
import { eventKindSchema, eventOriginSchema } from './busEventSchema.js';
import { describeIssue } from './describeIssue.js';
import { plainCopy } from './guard.js';
import { guarded } from './guarded.js';
import { uuidSchema } from './uuidSchema.js';

/** The fields of a whole filter and the entries of its lists, counted together. */
const MOST_ENTRIES = 4096;

const nested: z.ZodMiniType<EventFilter<unknown>> = z.lazy(() => filterShape);

/** The filters that are data. What is inferred of them is held against `EventFilter` by the type spec. */
export const filterShapes = {
  all: z.strictObject({ type: z.literal('all') }),
  scrollId: z.strictObject({ type: z.literal('scrollId'), id: uuidSchema }),
  connectorUid: z.strictObject({ type: z.literal('connectorUid'), id: uuidSchema }),
  connectorId: z.strictObject({ type: z.literal('connectorId'), connectorId: z.string() }),
  session: z.strictObject({ type: z.literal('session'), connectorId: z.string(), nativeSessionId: z.string() }),
  kind: z.strictObject({ type: z.literal('kind'), kinds: z.array(eventKindSchema) }),
  origin: z.strictObject({ type: z.literal('origin'), origins: z.array(eventOriginSchema) }),
  and: z.strictObject({ type: z.literal('and'), filters: z.array(nested) }),
  or: z.strictObject({ type: z.literal('or'), filters: z.array(nested) }),
  not: z.strictObject({ type: z.literal('not'), filter: nested }),
};

const where = z.pipe(
  z.looseObject({ type: z.literal('where') }),
  z.transform((filter: { [key: string]: unknown; type: 'where' }, payload: z.core.ParsePayload): never => {
    const message = 'a where filter is a function, which is no data: make it with EventFilter.where';
    payload.issues.push({ code: 'custom', path: ['type'], message, input: filter });
    return z.NEVER;
  }),
);

const filterShape = z.discriminatedUnion(
  'type',
  [
    filterShapes.all,
    filterShapes.scrollId,
    filterShapes.connectorUid,
    filterShapes.connectorId,
    filterShapes.session,
    filterShapes.kind,
    filterShapes.origin,
    filterShapes.and,
    filterShapes.or,
    filterShapes.not,
    where,
  ],
  // `where` has a message of its own, and is not among the types that would do.
  { error: (issue) => describeIssue({ ...issue, options: Object.keys(filterShapes) }) },
);

const canonical = z.pipe(
  filterShape,
  z.transform((filter: z.output<typeof filterShape>) => canonicalFilter<unknown>(filter)),
);

/**
 * A filter as data; the result is what the constructors of `EventFilter` make: canonical and frozen.
 *
 * **Details** It fits a bus of any payload, since no filter that is data looks at the payload.
 *
 * **Errors** Refused are `where`, keys that a filter does not have, filters nested more than 256 deep, and one whose
 * fields and list entries are more than 4,096 in all.
 */
export const eventFilterSchema: z.ZodMiniType<EventFilter<unknown>> = guarded(
  plainCopy({ depth: MAX_FILTER_DEPTH, entries: MOST_ENTRIES, only: 'json' }),
  () => canonical,
);
