import type * as z from 'zod/mini';
import type { BusEvent } from '../events/BusEvent.js';
import { busEventSchema, busEventSchemaOf } from './busEventSchema.js';
import { parse } from './parse.js';

/**
 * Reads an event in its envelope from data that is not trusted.
 *
 * **Details** The result is a copy with canonical ids. Kinds, origins and types of events that this version does not
 * know are taken as they are; other fields of the envelope are dropped.
 *
 * **Errors** {@link ValidationError} with every problem and its path. Nothing else is thrown, whatever the value is:
 * endless or hostile objects are refused at a bounded cost. The second form throws `TypeError` where `payload` is no schema.
 *
 * @example
 * ```ts
 * const busEvent = parseBusEvent(JSON.parse(line));
 * ```
 *
 * @param value Anything.
 * @returns An event that a bus takes.
 */
export function parseBusEvent(value: unknown): BusEvent;
/**
 * Reads an event with a payload of the application's own from data that is not trusted.
 *
 * @param value Anything.
 * @param payload A synchronous zod schema of the payload.
 * @returns An event that a `SharingBus<E>` takes.
 * @see `busEventSchemaOf` makes the schema of this form once, where many events are read.
 */
export function parseBusEvent<E>(value: unknown, payload: z.core.$ZodType<E>): BusEvent<E>;
export function parseBusEvent(value: unknown, payload?: z.core.$ZodType): BusEvent<unknown> {
  return parse('a bus event', payload === undefined ? busEventSchema : busEventSchemaOf(payload), value);
}
