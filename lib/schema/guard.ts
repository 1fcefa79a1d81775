import { glimpse, glimpseOfError } from './glimpse.js';
import { MAX_ISSUES } from './ValidationError.js';

/** What a guard refuses, and where. */
export interface Refusal {
  readonly path: readonly PropertyKey[];
  readonly message: string;
  /** What was thrown at the guard, where something was. */
  readonly cause?: unknown;
}

/** What a guard leaves of a value. */
export interface Guarded {
  readonly refusals: readonly Refusal[];
  /** A copy that is safe to look into: what was refused is left out. `undefined` where the guard had to stop. */
  readonly copy: { readonly value: unknown } | undefined;
}

/** Looks at a value before any schema does. It never throws, and reads each field once. */
export type Guard = (value: unknown) => Guarded;

/** How much {@link plainCopy} takes. */
export interface Limits {
  /** Objects in one another. A list counts as a level only where it stands in a list. */
  readonly depth: number;
  /** Entries of all objects and lists together. What stands in two places counts twice. */
  readonly entries: number;
  /** Whether only what JSON knows is taken, or also `Date`, `Map`, functions and the like, as they are. */
  readonly only: 'json' | 'anything';
}

/** Keys that reach for a prototype where an object is built from data carelessly. */
export const PROTOTYPE_KEYS: ReadonlySet<unknown> = new Set(['__proto__', 'constructor', 'prototype']);

export const PROTOTYPE_KEY_REFUSED = 'is a key that is not allowed here';

/** Ends a walk that has seen enough. What it has to say stands in the refusals. */
class Stop extends Error {}

/** An object or a list that is being copied. */
interface Open {
  readonly source: Readonly<Record<PropertyKey, unknown>>;
  readonly copy: Record<PropertyKey, unknown> | unknown[];
  /** The keys of an object; a list has none. */
  readonly keys: readonly string[] | undefined;
  readonly size: number;
  readonly depth: number;
  /** How many entries were begun. The last of them is the one that is being read. */
  begun: number;
}

/**
 * A deep copy of plain data.
 *
 * `__proto__` is refused as a key anywhere, the other prototype keys only in the outermost object: what lies deeper may
 * be anybody's JSON. An entry that is `undefined` is left out, as JSON leaves it out.
 */
export function plainCopy(limits: Limits): Guard {
  return (value) => new Walk(limits).copy(value);
}

/** The copy is made with a stack of its own: no depth of a value overflows that of the engine. */
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

  /** `value` itself where nothing is to be copied, else an empty copy that is open now. */
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
    // Not `size < 0`: the length that a proxy tells may be no number.
    if (!(size >= 0) || this.#entries > this.#limits.entries) {
      this.#stop(`takes the whole past ${this.#limits.entries} entries, got ${glimpse(source)}`);
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
 * A copy of a plain object that has the fields `names` and no other, each as it is.
 *
 * All prototype keys are refused; a field that is `undefined`, or not the object's own, is left out.
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

/** Whether `value` was made by a literal or by JSON, in whatever realm. */
function isPlain(value: object): boolean {
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function isJson(value: unknown): boolean {
  return value === null || typeof value === 'string' || typeof value === 'boolean' || Number.isFinite(value);
}
