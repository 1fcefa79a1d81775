import { show } from './show.js';

/** Throws a `TypeError` that names it `what`, where `value` is not of `type`. */
export function requireType(what: string, type: 'object' | 'string', value: unknown): void {
  if (typeof value !== type || value === null) {
    throw new TypeError(`${what} must be a${type === 'object' ? 'n' : ''} ${type}, got ${show(value)}`);
  }
}
