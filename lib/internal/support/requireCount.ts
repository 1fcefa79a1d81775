import { show } from './show.js';

/** The largest count that there is. */
export const MAX_COUNT = 2 ** 31 - 1;

export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_COUNT;
}

/** `count` itself, where it is an integer from 1 to 2^31 - 1; else throws a `RangeError` that names it `what`. */
export function requireCount(what: string, count: unknown): number {
  if (!isCount(count)) {
    throw new RangeError(`${what} must be an integer from 1 to ${MAX_COUNT}, got ${show(count)}`);
  }
  return count;
}
