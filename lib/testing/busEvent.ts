import type { BusEvent, EventOrigin, EventRouting } from '../index.js';
import { type OptionNames, requireOptions } from '../internal/support/require.js';

/** What {@link busEvent} fills in where it is told nothing else. */
export const DEFAULTS = { kind: 'test', origin: 'runtime' } as const;

/** The envelope of a {@link busEvent}: its routing, and its origin. */
export interface BusEventFields extends Partial<EventRouting> {
  readonly origin?: EventOrigin | undefined;
}

const FIELDS: OptionNames<BusEventFields> = {
  origin: true,
  kind: true,
  scrollId: true,
  connectorUid: true,
  connectorId: true,
  nativeSessionId: true,
};

/**
 * An event with `payload`, of kind `test` and origin `runtime`, and without ids.
 *
 * @example
 * ```ts
 * busEvent('hello'); // { routing: { kind: 'test' }, origin: 'runtime', event: 'hello' }
 * busEvent('hello', { kind: 'chat', connectorId: 'claude' });
 * ```
 *
 * @param payload What the bus does not look into.
 * @param fields What is to be otherwise. See {@link BusEventFields}.
 */
export function busEvent<E>(payload: E, fields: BusEventFields = {}): BusEvent<E> {
  const { origin = DEFAULTS.origin, ...routing } = toldFields('busEvent: fields', fields);
  return { routing: { kind: DEFAULTS.kind, ...routing }, origin, event: payload };
}

/**
 * Those of `fields` that are not undefined, as a copy; also the inherited ones, which a spread leaves out.
 *
 * @throws TypeError for what is no object, or has other fields.
 */
export function toldFields(what: string, fields: BusEventFields): BusEventFields {
  requireOptions(what, fields, FIELDS);
  const told: Record<string, string> = {};
  for (const name of Object.keys(FIELDS) as (keyof BusEventFields)[]) {
    const value = fields[name];
    if (value !== undefined) {
      told[name] = value;
    }
  }
  return told;
}
