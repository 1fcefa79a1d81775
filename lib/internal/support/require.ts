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

/** Throws a `TypeError` that names it `what` where `value` is no function. */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') {
    throw new TypeError(`${what} must be a function, got ${show(value)}`);
  }
}

/** Throws a `TypeError` that names it `what`, where `value` is not of `type`. */
export function requireType(what: string, type: 'object' | 'string', value: unknown): void {
  if (typeof value !== type || value === null) {
    throw new TypeError(`${what} must be a${type === 'object' ? 'n' : ''} ${type}, got ${show(value)}`);
  }
}

/** Throws a `TypeError` that names it `what` where `signal` is given, and is no `AbortSignal`. */
export function requireSignal(what: string, signal: AbortSignal | undefined): void {
  if (signal !== undefined) {
    requireFunction(`${what}.addEventListener`, (signal as Partial<AbortSignal> | null)?.addEventListener);
  }
}

/** The options that there are, by their names. */
export type OptionNames<O extends object> = Readonly<Record<keyof O, true>>;

/**
 * Whether `value` is an object of options: a plain one, of whatever realm, or one of a class of the application's own that has one of `names`.
 * An array, a `Map`, a date, a promise and a boxed number are refused, and so is an object given by mistake, such as a bus.
 */
export function isOptions(value: unknown, names: object): value is object {
  if (typeof value !== 'object' || value === null) {
    return false;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype || Object.getPrototypeOf(prototype) === null) {
    return true;
  }
  return (
    Object.prototype.toString.call(value) === '[object Object]' && Object.keys(names).some((name) => name in value)
  );
}

/** Throws a `TypeError` that names it `what` where `value` is no object of options, or has one that is not among `names`. */
export function requireOptions(what: string, value: unknown, names: object): void {
  if (!isOptions(value, names)) {
    const expected = typeof value === 'object' && value !== null ? 'a plain object' : 'an object';
    throw new TypeError(`${what} must be ${expected}, got ${show(value)}`);
  }
  for (const name in value) {
    // What every object has, `toString` or what a page adds to the prototype of all, is in `names`, too, and is no option.
    if (!(name in names) && (value as Readonly<Record<string, unknown>>)[name] !== undefined) {
      throw new TypeError(`${what}: ${show(name)} is unknown; known are ${Object.keys(names).join(', ')}`);
    }
  }
}

/** The same for options with a capacity, where it might have been given alone: by law 24, anything else is a `RangeError`. */
export function requireCapacityOptions(what: string, value: unknown, names: object): void {
  if (!isOptions(value, names)) {
    const example = isCount(value) ? value : 256;
    throw new RangeError(`${what} must be an object such as { capacity: ${example} }, got ${show(value)}`);
  }
  requireOptions(what, value, names);
}
