import type * as z from 'zod/mini';
import type { BusEvent } from '../events/BusEvent.js';
import { busEventSchema, busEventSchemaOf } from './busEventSchema.js';
import { parse } from './parse.js';

/**
 * Parses an event with its envelope from untrusted data.
 *
 * **Details** The result is a copy with canonical ids. Unknown kinds, origins and types of events are accepted unchanged. Unknown fields of
 * the envelope are dropped.
 *
 * **Errors** Throws {@link ValidationError}, which lists the problems with their paths. It throws nothing else, for any value: endless or
 * hostile objects are refused at a bounded cost. The form with `payload` throws `TypeError` if `payload` is not a schema.
 *
 * @example
 * ```ts
 * const busEvent = parseBusEvent(JSON.parse(line));
 * ```
 *
 * @param value Any value, such as the result of `JSON.parse`.
 * @returns An event that you can publish.
 */
export function parseBusEvent(value: unknown): BusEvent;
/**
 * Parses an event with a payload of your own type from untrusted data.
 *
 * @param value Any value, such as the result of `JSON.parse`.
 * @param payload The zod schema of the payload. It must be synchronous.
 * @returns An event that you can publish on a `SharingBus<E>`.
 * @see To parse many events, create the schema once with `busEventSchemaOf`.
 */
export function parseBusEvent<E>(value: unknown, payload: z.core.$ZodType<E>): BusEvent<E>;
export function parseBusEvent(value: unknown, payload?: z.core.$ZodType): BusEvent<unknown> {
  return parse('a bus event', payload === undefined ? busEventSchema : busEventSchemaOf(payload), value);
}
