import { BadLineError } from './lines.js';

/** A JSON object with unchecked fields. */
export type Json = Readonly<Record<string, unknown>>;

/** Whether `value` is a JSON object: not an array, not null. */
export function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value`, which must be a JSON object. `name` is for the error message. */
export function objectAt(value: unknown, name: string): Json {
  if (!isObject(value)) {
    throw new BadLineError(`${name} must be an object, got ${typeName(value)}`);
  }
  return value;
}

/** The string `holder[key]`. It must be there. */
export function stringAt(holder: Json, key: string, name: string): string {
  const value = holder[key];
  if (typeof value !== 'string') {
    throw new BadLineError(`${name}.${key} must be a string, got ${typeName(value)}`);
  }
  return value;
}

/** The string `holder[key]`; `undefined` if it is absent or null. */
export function optionalStringAt(holder: Json, key: string, name: string): string | undefined {
  return absent(holder[key]) ? undefined : stringAt(holder, key, name);
}

/** The number `holder[key]`; `undefined` if it is absent or null. */
export function optionalNumberAt(holder: Json, key: string, name: string): number | undefined {
  const value = holder[key];
  if (absent(value)) {
    return undefined;
  }
  if (typeof value !== 'number') {
    throw new BadLineError(`${name}.${key} must be a number, got ${typeName(value)}`);
  }
  return value;
}

/** The object `holder[key]`; `undefined` if it is absent or null. */
export function optionalObjectAt(holder: Json, key: string, name: string): Json | undefined {
  return absent(holder[key]) ? undefined : objectAt(holder[key], `${name}.${key}`);
}

/** The list of objects `holder[key]`. */
export function objectsAt(holder: Json, key: string, name: string): Json[] {
  const list = holder[key];
  if (!Array.isArray(list)) {
    throw new BadLineError(`${name}.${key} must be an array, got ${typeName(list)}`);
  }
  return list.map((one, index) => objectAt(one, `${name}.${key}[${index}]`));
}

/** `fields` without those that are `undefined` or null. */
export function present<T extends object>(fields: T): Present<T> {
  const kept: Record<string, unknown> = {};
  for (const key of Object.keys(fields)) {
    const value = (fields as Json)[key];
    if (key === '__proto__') {
      // An agent may send such a key. An assignment would set the prototype.
      Object.defineProperty(kept, key, { value, enumerable: true });
    } else if (!absent(value)) {
      kept[key] = value;
    }
  }
  return kept as Present<T>;
}

/** Fields that may be `undefined` or null become optional. */
export type Present<T> = {
  [K in keyof T as Extract<T[K], undefined | null> extends never ? K : never]: T[K];
} & { [K in keyof T as Extract<T[K], undefined | null> extends never ? never : K]?: NonNullable<T[K]> };

function absent(value: unknown): value is undefined | null {
  return value === undefined || value === null;
}

function typeName(value: unknown): string {
  if (value === null) {
    return 'null';
  }
  return Array.isArray(value) ? 'an array' : value === undefined ? 'nothing' : `a ${typeof value}`;
}
