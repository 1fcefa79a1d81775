import { show } from '../internal/support/show.js';

const LONGEST = 80;

/**
 * `value` as the message of an issue shows it: like `show`, but for a cost that does not grow with the value.
 *
 * What is refused may be endless, or a million entries long; so what an object holds is not looked at.
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

/** What was thrown, in a few words. */
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
    // A proxy that throws, or one that is revoked.
    return 'an object that cannot be read';
  }
}
