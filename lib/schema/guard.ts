import { glimpse, glimpseOfError } from './glimpse.js';
import { MAX_ISSUES } from './ValidationError.js';

/** A problem that a guard has found, and its place. */
export interface Refusal {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** The error that reading the value threw, if it did. */
  readonly cause?: unknown;
}

/** The result of a guard. */
export interface Guarded {
  readonly refusals: readonly Refusal[];
  /** A copy that is safe to read, without the refused parts. `undefined` if the guard had to stop. */
  readonly copy: { readonly value: unknown } | undefined;
}

/** Checks and copies a value before a schema reads it. A guard never throws, and reads each field once. */
export type Guard = (value: unknown) => Guarded;

/** The limits of {@link plainCopy}. */
export interface Limits {
  /** The most levels of objects inside one another. A list counts as a level only inside another list. */
  readonly depth: number;
  /** The most entries of all objects and lists together. A value in two places counts twice. */
  readonly entries: number;
  /** `json`: only values of JSON are accepted. `anything`: other values, such as a `Date`, a `Map` or a function, pass unchanged. */
  readonly only: 'json' | 'anything';
}

/** Keys that may change a prototype if code copies them carelessly to another object. */
export const PROTOTYPE_KEYS: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype']);

export const PROTOTYPE_KEY_REFUSED = 'is a key that is not allowed here';

/** Stops a walk early. The reason is in the refusals. */
class Stop extends Error {}

/** An object or a list that is being copied. */
interface Open {
  readonly source: Readonly<Record<PropertyKey, unknown>>;
  readonly copy: Record<PropertyKey, unknown> | unknown[];
  /** The keys of an object; a list has none. */
  readonly keys: readonly string[] | undefined;
  readonly size: number;
  readonly depth: number;
  /** Number of entries that were begun. The last of them is being read. */
  begun: number;
}

/**
 * Makes a guard that returns a deep copy of plain data.
 *
 * The key `__proto__` is refused everywhere. The other prototype keys are refused only in the outermost object, since deeper objects may be
 * arbitrary JSON. Entries that are `undefined` are omitted, as in JSON.
 */
export function plainCopy(limits: Limits): Guard {
  return (value) => new Walk(limits).copy(value);
}

/** Copies one value. It uses its own stack, so a deep value cannot overflow that of the engine. */
class Walk {
  readonly #limits: Limits;
  readonly #refusals: Refusal[] = [];
  /** From the outermost to the innermost. */
  readonly #open: Open[] = [];
  #entries = 0;

  constructor(limits: Limits) {
    this.#limits = limits;
  }

  copy(value: unknown): Guarded {
    try {
      const copy = this.#take(value);
      for (let at = this.#open.at(-1); at !== undefined; at = this.#open.at(-1)) {
        if (at.begun < at.size) {
          this.#copyNext(at);
        } else {
          this.#open.pop();
        }
      }
      return { refusals: this.#refusals, copy: { value: copy } };
    } catch (error) {
      if (!(error instanceof Stop)) {
        this.#refusals.push({
          path: this.#path(),
          message: `reading it threw ${glimpseOfError(error)}`,
          cause: error,
        });
      }
      return { refusals: this.#refusals, copy: undefined };
    }
  }

  #copyNext(at: Open): void {
    at.begun += 1;
    const key = lastKey(at);
    if (key === '__proto__' || (this.#open.length === 1 && PROTOTYPE_KEYS.has(key))) {
      this.#refuse(PROTOTYPE_KEY_REFUSED);
      return;
    }
    const taken = this.#take(at.source[key]);
    if (Array.isArray(at.copy)) {
      at.copy.push(taken);
    } else if (taken !== undefined) {
      at.copy[key] = taken;
    }
  }

  /** Returns `value` itself if it need not be copied, else an empty copy that is now open. */
  #take(value: unknown): unknown {
    if (typeof value === 'object' && value !== null) {
      const list = Array.isArray(value);
      if (list || isPlain(value)) {
        return this.#begin(value as Open['source'], list);
      }
    } else if (isJson(value) || (value === undefined && !Array.isArray(this.#open.at(-1)?.copy))) {
      return value;
    }
    if (this.#limits.only === 'anything') {
      return value;
    }
    this.#refuse(`must be plain data, got ${glimpse(value)}`);
    return undefined;
  }

  #begin(source: Open['source'], list: boolean): Open['copy'] {
    const holder = this.#open.at(-1);
    const isLevel = !list || holder?.keys === undefined;
    const depth = (holder?.depth ?? 0) + (isLevel ? 1 : 0);
    if (depth > this.#limits.depth) {
      this.#stop(`is nested more than ${this.#limits.depth} deep`);
    }
    const keys = list ? undefined : Object.keys(source);
    const size = keys?.length ?? (source['length'] as number);
    this.#entries += size;
    // Not `size < 0`: the length of a proxy may not be a number.
    if (!(size >= 0) || this.#entries > this.#limits.entries) {
      this.#stop(`expected at most ${this.#limits.entries} entries in the whole value, got ${glimpse(source)}`);
    }
    const copy = list ? [] : {};
    this.#open.push({ source, copy, keys, size, depth, begun: 0 });
    return copy;
  }

  #refuse(message: string): void {
    this.#refusals.push({ path: this.#path(), message });
    if (this.#refusals.length >= MAX_ISSUES) {
      throw new Stop();
    }
  }

  #stop(message: string): never {
    this.#refusals.push({ path: this.#path(), message });
    throw new Stop();
  }

  #path(): PropertyKey[] {
    return this.#open.map(lastKey);
  }
}

function lastKey({ keys, begun }: Open): PropertyKey {
  return keys?.[begun - 1] ?? begun - 1;
}

/**
 * Makes a guard that copies only the fields `names` of a plain object, each unchanged.
 *
 * All prototype keys are refused. A field that is `undefined` or inherited is omitted.
 */
export function plainFields(names: readonly string[]): Guard {
  return (value) => {
    let path: PropertyKey[] = [];
    try {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || !isPlain(value)) {
        return { refusals: [{ path, message: `must be a plain object, got ${glimpse(value)}` }], copy: undefined };
      }
      const refusals = [...PROTOTYPE_KEYS]
        .filter((key) => Object.hasOwn(value, key as string))
        .map((key) => ({ path: [key as string], message: PROTOTYPE_KEY_REFUSED }));
      const copy: Record<string, unknown> = {};
      for (const name of names) {
        path = [name];
        const field = Object.hasOwn(value, name) ? (value as typeof copy)[name] : undefined;
        if (field !== undefined) {
          copy[name] = field;
        }
      }
      return { refusals, copy: { value: copy } };
    } catch (error) {
      return {
        refusals: [{ path, message: `reading it threw ${glimpseOfError(error)}`, cause: error }],
        copy: undefined,
      };
    }
  };
}

/** Whether `value` is a plain object, made by a literal or by JSON, in any realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isJson(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
