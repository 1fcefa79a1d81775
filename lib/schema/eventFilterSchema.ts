import * as z from 'zod/mini';
import { canonicalFilter, type EventFilter, MAX_FILTER_DEPTH } from '../events/EventFilter.js';
import { eventKindSchema, eventOriginSchema } from './busEventSchema.js';
import { describeIssue } from './describeIssue.js';
import { plainCopy } from './guard.js';
import { guarded } from './guarded.js';
import { uuidSchema } from './uuidSchema.js';

/** The most fields and list entries of a whole filter, counted together. */
const MOST_ENTRIES = 4096;

const nested: z.ZodMiniType<EventFilter<unknown>> = z.lazy(() => filterShape);

/** The filters that are plain data. The type spec compares the inferred types with `EventFilter`. */
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
    const message = 'a where filter is a function, which data cannot hold: create it in the process that has the bus';
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
  // `where` has its own message and is not listed among the allowed types.
  { error: (issue) => describeIssue({ ...issue, options: Object.keys(filterShapes) }) },
);

const canonical = z.pipe(
  filterShape,
  z.transform((filter: z.output<typeof filterShape>) => canonicalFilter<unknown>(filter)),
);

/**
 * Schema of an `EventFilter` as plain data. The result equals what the constructors of `EventFilter` return: canonical and frozen.
 *
 * **Details** The result fits a bus with any payload type, since no plain filter reads the payload.
 *
 * **Errors** It refuses `where` filters, unknown keys, filters that are nested more than 256 levels deep, and filters with more than 4,096
 * fields and list entries in all.
 */
export const eventFilterSchema: z.ZodMiniType<EventFilter<unknown>> = guarded(
  plainCopy({ depth: MAX_FILTER_DEPTH, entries: MOST_ENTRIES, only: 'json' }),
  () => canonical,
);
