import { show } from './show.js';

/** Throws a `TypeError` that names it `what`, where `value` is no object. */
export function requireObject(what: string, value: unknown): void {
  if (typeof value !== 'object' || value === null) {
    throw new TypeError(`${what} must be an object, got ${show(value)}`);
  }
}
