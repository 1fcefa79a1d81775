import { show } from './show.js';

/** The largest count that there is. */
export const MAX_COUNT = 2 ** 31 - 1;

/** `count` itself, where it is an integer from 1 to 2^31 - 1; else throws a `RangeError` that names it `what`. */
export function requireCount(what: string, count: unknown): number {
  if (!Number.isInteger(count) || (count as number) < 1 || (count as number) > MAX_COUNT) {
    throw new RangeError(`${what} must be an integer from 1 to ${MAX_COUNT}, got ${show(count)}`);
  }
  return count as number;
}
