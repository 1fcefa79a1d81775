import { show } from './show.js';

/** The largest allowed count. */
export const MAX_COUNT = 2 ** 31 - 1;

export function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MAX_COUNT;
}

/**
 * Returns `count`.
 *
 * @throws RangeError that names it `what`, unless it is an integer from 1 to 2^31 - 1.
 */
export function requireCount(what: string, count: unknown): number {
  if (!isCount(count)) {
    throw new RangeError(`${what} must be an integer from 1 to ${MAX_COUNT}, got ${show(count)}`);
  }
  return count;
}

/** @throws TypeError that names it `what`, if `value` is not a function. */
export function requireFunction(what: string, value: unknown): void {
  if (typeof value !== 'function') {
    throw new TypeError(`${what} must be a function, got ${show(value)}`);
  }
}

/** @throws TypeError that names it `what`, if `value` is not of `type`. */
export function requireType(what: string, type: 'object' | 'string', value: unknown): void {
  if (typeof value !== type || value === null) {
    throw new TypeError(`${what} must be a${type === 'object' ? 'n' : ''} ${type}, got ${show(value)}`);
  }
}

/** @throws TypeError that names it `what`, if `signal` is neither `undefined` nor an `AbortSignal`. */
export function requireSignal(what: string, signal: AbortSignal | undefined): void {
  if (signal !== undefined) {
    requireFunction(`${what}.addEventListener`, (signal as Partial<AbortSignal> | null)?.addEventListener);
  }
}

/** The names of all options of a type. */
export type OptionNames<O extends object> = Readonly<Record<keyof O, true>>;

/**
 * Whether `value` is an object of options: a plain object of any realm, or an instance of an application's class that has one of `names`.
 * An array, a `Map`, a date, a promise and a boxed number are refused, and so is an object that was passed by mistake, such as a bus.
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

/** @throws TypeError that names it `what`, if `value` is not an object of options or has an option that is not in `names`. */
export function requireOptions(what: string, value: unknown, names: object): void {
  if (!isOptions(value, names)) {
    const expected = typeof value === 'object' && value !== null ? 'a plain object' : 'an object';
    throw new TypeError(`${what} must be ${expected}, got ${show(value)}`);
  }
  for (const name in value) {
    // Members of every object, such as `toString` or what a page adds to `Object.prototype`, are in `names`, too, and are ignored.
    if (!(name in names) && (value as Readonly<Record<string, unknown>>)[name] !== undefined) {
      throw new TypeError(`${what}: ${show(name)} is unknown; known are ${Object.keys(names).join(', ')}`);
    }
  }
}

/**
 * {@link requireOptions} for options with a capacity, where a caller may have passed the capacity alone (law 24).
 *
 * @throws RangeError if `value` is not an object of options, TypeError for an unknown option.
 */
export function requireCapacityOptions(what: string, value: unknown, names: object): void {
  if (!isOptions(value, names)) {
    const example = isCount(value) ? value : 256;
    throw new RangeError(`${what} must be an object such as { capacity: ${example} }, got ${show(value)}`);
  }
  requireOptions(what, value, names);
}
