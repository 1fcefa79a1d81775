import type { BusEvent, EventOrigin, EventRouting } from '../index.js';
import { type OptionNames, requireOptions } from '../internal/support/require.js';

/** The defaults of {@link busEvent}. */
export const DEFAULTS = { kind: 'test', origin: 'runtime' } as const;

/** Fields of the envelope that {@link busEvent} and `sessionRegistered` make: its routing, its origin and its time. */
export interface BusEventFields extends Partial<EventRouting> {
  /** What caused the event. */
  readonly origin?: EventOrigin | undefined;
  /** When it happened, in milliseconds since 1970. */
  readonly at?: number | undefined;
}

const FIELDS: OptionNames<BusEventFields> = {
  origin: true,
  at: true,
  kind: true,
  scrollId: true,
  connectorUid: true,
  connectorId: true,
  nativeSessionId: true,
};

/**
 * Makes an event with `payload`. By default its kind is `test`, its origin is `runtime`, and it has no ids.
 *
 * @example
 * ```ts
 * busEvent('hello'); // { routing: { kind: 'test' }, origin: 'runtime', event: 'hello' }
 * busEvent('hello', { kind: 'chat', connectorId: 'claude' });
 * ```
 *
 * @param payload The payload.
 * @param fields Fields that differ from the defaults. See {@link BusEventFields}.
 * @returns The event, ready to publish.
 * @throws TypeError if `fields` is not an object or has an unknown field.
 */
export function busEvent<E>(payload: E, fields: BusEventFields = {}): BusEvent<E> {
  const { origin = DEFAULTS.origin, at, ...routing } = definedFields('busEvent: fields', fields);
  const envelope = { routing: { kind: DEFAULTS.kind, ...routing }, origin, event: payload };
  return at === undefined ? envelope : { ...envelope, at };
}

/**
 * Copies the fields that are not `undefined`, including inherited ones, which a spread omits.
 *
 * @throws TypeError if `fields` is not an object or has an unknown field.
 */
export function definedFields(what: string, fields: BusEventFields): BusEventFields {
  requireOptions(what, fields, FIELDS);
  const defined: Record<string, string | number> = {};
  for (const name of Object.keys(FIELDS) as (keyof BusEventFields)[]) {
    const value = fields[name];
    if (value !== undefined) {
      defined[name] = value;
    }
  }
  return defined;
}
