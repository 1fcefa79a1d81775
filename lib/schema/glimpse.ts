import { show } from '../internal/support/show.js';

const LONGEST = 80;

/**
 * Formats `value` for the message of an issue: like `show`, but at a cost that does not grow with the value.
 *
 * A refused value may be endless or have a million entries, so the content of an object is not read.
 */
export function glimpse(value: unknown): string {
  if (typeof value === 'string' && value.length > LONGEST) {
    return `${JSON.stringify(value.slice(0, LONGEST))}… (${value.length} characters)`;
  }
  if (typeof value === 'function') {
    return 'a function';
  }
  if (typeof value === 'bigint') {
    return 'a bigint';
  }
  return typeof value === 'object' && value !== null ? glimpseOfObject(value) : show(value);
}

/** Formats a thrown value for a message. */
export function glimpseOfError(error: unknown): string {
  try {
    return error instanceof Error ? show(`${error.name}: ${error.message}`) : glimpse(error);
  } catch {
    return 'an error that cannot be read';
  }
}

function glimpseOfObject(value: object): string {
  try {
    if (Array.isArray(value)) {
      return `an array of ${value.length}`;
    }
    const tag = Object.prototype.toString.call(value).slice(0, LONGEST);
    return tag === '[object Object]' ? 'an object' : tag;
  } catch {
    // A proxy that throws or is revoked.
    return 'an object that cannot be read';
  }
}
