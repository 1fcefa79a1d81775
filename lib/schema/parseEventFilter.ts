import type { EventFilter } from '../events/EventFilter.js';
import { eventFilterSchema } from './eventFilterSchema.js';
import { parse } from './parse.js';

/**
 * Parses a filter from untrusted data.
 *
 * **Details** The result equals what the constructors of `EventFilter` return: it is frozen, has canonical ids, and an `and` inside an
 * `and` is flattened. It fits a bus with any payload type.
 *
 * **Errors** Throws {@link ValidationError}, which lists the problems with their paths. A `where` filter is refused, since it is a
 * function and not data.
 *
 * **Gotchas** Unknown keys are refused, too. Otherwise a misspelt key would be dropped, and the filter would match more than intended.
 *
 * @example
 * ```ts
 * parseEventFilter({ type: 'kind', kinds: ['plan'] }); // { type: 'kind', kinds: [ 'plan' ] }
 * ```
 *
 * @param value Any value, such as the result of `JSON.parse`.
 * @returns A filter for any bus.
 */
export function parseEventFilter(value: unknown): EventFilter<unknown> {
  return parse('an event filter', eventFilterSchema, value);
}
