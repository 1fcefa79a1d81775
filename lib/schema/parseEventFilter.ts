import type { EventFilter } from '../events/EventFilter.js';
import { eventFilterSchema } from './eventFilterSchema.js';
import { parse } from './parse.js';

/**
 * Reads a filter from data that is not trusted.
 *
 * **Details** The result equals what the constructors of `EventFilter` make: frozen, with canonical ids, an `and` in an
 * `and` flattened. It fits a bus of any payload.
 *
 * **Errors** {@link ValidationError} with every problem and its path. A `where` filter is refused: it is no data.
 *
 * **Gotchas** A key that a filter does not have is refused too. Dropped, a misspelt one would show more than was asked.
 *
 * @example
 * ```ts
 * parseEventFilter({ type: 'kind', kinds: ['plan'] }); // { type: 'kind', kinds: [ 'plan' ] }
 * ```
 *
 * @param value Anything.
 * @returns A filter that a bus takes.
 */
export function parseEventFilter(value: unknown): EventFilter<unknown> {
  return parse('an event filter', eventFilterSchema, value);
}
