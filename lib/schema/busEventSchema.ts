import * as z from 'zod/mini';
import type { BusEvent, EventKind, EventOrigin, EventRouting } from '../events/BusEvent.js';
import { eventSchema, payloadSchema } from './eventSchema.js';
import { glimpse } from './glimpse.js';
import { plainFields } from './guard.js';
import { guarded } from './guarded.js';
import { uuidSchema } from './uuidSchema.js';

/** Schema of `EventKind`, what an event is about: any string. */
export const eventKindSchema: z.ZodMiniType<EventKind, string> = z.string();

/** Schema of `EventOrigin`, what caused an event: any string. */
export const eventOriginSchema: z.ZodMiniType<EventOrigin, string> = z.string();

/** The type spec compares the inferred type with `EventRouting`. */
export const routingShape = z.object({
  scrollId: z.optional(uuidSchema),
  connectorUid: z.optional(uuidSchema),
  connectorId: z.optional(z.string()),
  nativeSessionId: z.optional(z.string()),
  kind: eventKindSchema,
});

/**
 * Schema of `EventRouting`, where an event belongs. Ids in the result are canonical.
 *
 * **Details** An id that is absent or `undefined` is omitted. Unknown fields are dropped without reading them.
 *
 * **Errors** It refuses `null` as an id, prototype keys (`__proto__`, `constructor`, `prototype`), and values that are not plain objects.
 */
export const eventRoutingSchema: z.ZodMiniType<EventRouting> = guarded(
  plainFields(Object.keys(routingShape.shape)),
  () => routingShape,
);

/** When an event happened. Zod's `number` refuses what is not finite. */
const timeSchema = z.number({ error: ({ input }) => `must be a finite number, got ${glimpse(input)}` });

/** The schema of an envelope whose payload is checked by `event`. */
export function envelope<E>(event: z.ZodMiniType<E>): z.ZodMiniType<BusEvent<E>> {
  const shape = z.object({
    routing: eventRoutingSchema,
    origin: eventOriginSchema,
    event,
    at: z.exactOptional(timeSchema),
  });
  return guarded(plainFields(['routing', 'origin', 'event', 'at']), () => shape as z.ZodMiniType<BusEvent<E>>);
}

/**
 * Schema of a `BusEvent` whose payload is a member of `Event`. Ids in the result are canonical.
 *
 * **Details** The result is a copy. Unknown fields of the envelope are dropped without reading them.
 *
 * @see {@link eventSchema} and {@link eventRoutingSchema} say what is refused.
 */
export const busEventSchema: z.ZodMiniType<BusEvent> = envelope(eventSchema);

/**
 * Creates the schema of a `BusEvent` whose payload is the application's own.
 *
 * **Details** The payload is copied and checked as by {@link eventSchema}, except for values that JSON cannot hold: `schema` decides
 * whether it accepts a `Date` or a `Map`. To read many events, keep the created schema: that is faster than `parseBusEvent(value, schema)`,
 * which creates a new one for each call.
 *
 * **Errors** Throws `TypeError` if `schema` is not a schema of zod 4.
 *
 * **Gotchas** `schema` must be synchronous. What it throws becomes an issue. A check that returns a promise becomes an issue, too, but
 * zod drops the promise: if it rejects, the rejection is unhandled.
 *
 * @example
 * ```ts
 * const orderEvent = busEventSchemaOf(z.object({ type: z.literal('Paid'), amount: z.number() }));
 * ```
 *
 * @param schema The schema of the payload: of zod 4, from its main entry or from `zod/mini`.
 * @returns The schema of the whole event.
 */
export function busEventSchemaOf<E>(schema: z.core.$ZodType<E>): z.ZodMiniType<BusEvent<E>> {
  if (typeof (schema as { _zod?: unknown } | null)?._zod !== 'object') {
    throw new TypeError(`the payload's schema must be a schema of zod 4, got ${glimpse(schema)}`);
  }
  return envelope(payloadSchema(schema));
}
