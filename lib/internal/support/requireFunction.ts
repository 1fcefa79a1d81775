import { show } from './show.js';

/** Throws a `TypeError` that names it `what` where `value` is no function. */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') {
    throw new TypeError(`${what} must be a function, got ${show(value)}`);
  }
}
