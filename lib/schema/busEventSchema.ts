import * as z from 'zod/mini';
import type { BusEvent, EventKind, EventOrigin, EventRouting } from '../events/BusEvent.js';
import { eventSchema, payloadSchema } from './eventSchema.js';
import { glimpse } from './glimpse.js';
import { plainFields } from './guard.js';
import { guarded } from './guarded.js';
import { uuidSchema } from './uuidSchema.js';

/** What an event is about: any string. */
export const eventKindSchema: z.ZodMiniType<EventKind, string> = z.string();

/** Who caused an event: any string. */
export const eventOriginSchema: z.ZodMiniType<EventOrigin, string> = z.string();

/** What is inferred of it is held against `EventRouting` by the type spec. */
export const routingShape = z.object({
  scrollId: z.optional(uuidSchema),
  connectorUid: z.optional(uuidSchema),
  connectorId: z.optional(z.string()),
  nativeSessionId: z.optional(z.string()),
  kind: eventKindSchema,
});

/**
 * Where an event belongs, with canonical ids.
 *
 * **Details** An id that is absent, or `undefined`, is left out. Fields that are not known are dropped unread.
 *
 * **Errors** Refused are `null` for an id, prototype keys, and what is no plain object.
 */
export const eventRoutingSchema: z.ZodMiniType<EventRouting> = guarded(
  plainFields(Object.keys(routingShape.shape)),
  () => routingShape,
);

/** The envelope, around whatever `event` takes. */
export function envelope<E>(event: z.ZodMiniType<E>): z.ZodMiniType<BusEvent<E>> {
  const shape = z.object({ routing: eventRoutingSchema, origin: eventOriginSchema, event });
  return guarded(plainFields(['routing', 'origin', 'event']), () => shape as z.ZodMiniType<BusEvent<E>>);
}

/**
 * An event in its envelope, with canonical ids; the payload is a member of `Event`.
 *
 * **Details** Other fields of the envelope are dropped unread. The caller's object is not kept.
 *
 * @see {@link eventSchema} and {@link eventRoutingSchema} for what is refused.
 */
export const busEventSchema: z.ZodMiniType<BusEvent> = envelope(eventSchema);

/**
 * The schema of a `BusEvent` whose payload is the application's own.
 *
 * **Details** The payload is copied, and refused, as that of {@link eventSchema} is, but for values that are no JSON:
 * whether a `Date` or a `Map` will do is up to `schema`.
 *
 * **Errors** `TypeError` if `schema` is not a schema.
 *
 * **Gotchas** `schema` must be synchronous. What it throws becomes an issue; so does a check of it that returns a promise, but zod lets
 * nobody take what that promise rejects with. A schema that is kept reads many events faster than `parseBusEvent(value, schema)`, which makes a new one for each.
 *
 * @example
 * ```ts
 * const orderEvent = busEventSchemaOf(z.object({ type: z.literal('Paid'), amount: z.number() }));
 * ```
 *
 * @param schema A schema of zod 4, of its main entry or of `zod/mini`.
 */
export function busEventSchemaOf<E>(schema: z.core.$ZodType<E>): z.ZodMiniType<BusEvent<E>> {
  if (typeof (schema as { _zod?: unknown } | null)?._zod !== 'object') {
    throw new TypeError(`the payload's schema must be a schema of zod 4, got ${glimpse(schema)}`);
  }
  return envelope(payloadSchema(schema));
}
