import { BadLineError } from '../lines.js';

/** As deep as the schema of the library allows an event to be, so that a scroll can be read again. */
const MAX_DEPTH = 500;

/**
 * Checks that a JSON value can be written and read again: that it is not nested too deeply, and has no key `__proto__`.
 *
 * @throws BadLineError if not.
 */
export function requireShallow(value: unknown, depth = 0): void {
  if (typeof value !== 'object' || value === null) {
    return;
  }
  if (depth > MAX_DEPTH) {
    throw new BadLineError('nested too deeply');
  }
  if (Array.isArray(value)) {
    for (const entry of value) {
      requireShallow(entry, depth + 1);
    }
    return;
  }
  for (const key in value) {
    if (key === '__proto__') {
      throw new BadLineError('it has a key __proto__');
    }
    requireShallow((value as Record<string, unknown>)[key], depth + 1);
  }
}
