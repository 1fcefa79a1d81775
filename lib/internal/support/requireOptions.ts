import { isCount } from './requireCount.js';
import { show } from './show.js';

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
