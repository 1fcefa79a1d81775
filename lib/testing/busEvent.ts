import type { BusEvent, EventOrigin, EventRouting } from '../index.js';

/** What {@link busEvent} fills in where it is told nothing else. */
export const DEFAULTS = { kind: 'test', origin: 'runtime' } as const;

/** The envelope of a {@link busEvent}: its routing, and its origin. */
export interface BusEventFields extends Partial<EventRouting> {
  readonly origin?: EventOrigin | undefined;
}

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
  const { origin = DEFAULTS.origin, ...routing } = fields;
  return { routing: { kind: DEFAULTS.kind, ...routing }, origin, event: payload };
}
