import type * as z from 'zod/mini';
import { withoutPrototypeKeys } from './fields.js';

/** Whether a schema accepts a value of JSON. */
export type Check = (value: unknown) => boolean;

/** The deepest value, and the largest one, that {@link isHarmless} accepts. Far below the limits of the schemas. */
const DEPTH = 32;
const MOST_ENTRIES = 1_000;

/**
 * Compiles a schema to a function that says whether it accepts a value, and is many times faster. It relies on what {@link isHarmless}
 * says of the value.
 *
 * @returns `undefined` for a schema that may change what it accepts, or that has a part which is not known here.
 */
export function compile(schema: z.core.$ZodType): Check | undefined {
  const { def } = schema._zod as { readonly def: z.core.$ZodTypes['_zod']['def'] };
  const check = checkOf(def);
  return check && withChecks(check, def.checks ?? []);
}

function checkOf(def: z.core.$ZodTypes['_zod']['def']): Check | undefined {
  switch (def.type) {
    case 'string':
      return (value) => typeof value === 'string';
    case 'number':
      return (value) => typeof value === 'number';
    case 'unknown':
      return () => true;
    case 'literal':
      return literal(def.values);
    case 'optional':
      return compile(def.innerType);
    case 'array':
      return array(compile(def.element));
    case 'pipe':
      return both(compile(def.in), compile(def.out));
    case 'union':
      return anyOf(def.options.map(compile));
    case 'object':
      return object(def.shape);
    default:
      return undefined;
  }
}

function literal(values: readonly unknown[]): Check {
  const [only] = values;
  return values.length === 1 ? (value) => value === only : (value) => values.includes(value);
}

function array(entry: Check | undefined): Check | undefined {
  return entry && ((value) => Array.isArray(value) && value.every((one) => entry(one)));
}

function both(one: Check | undefined, other: Check | undefined): Check | undefined {
  return one && other && ((value) => one(value) && other(value));
}

function anyOf(checks: readonly (Check | undefined)[]): Check | undefined {
  const known = checks.filter((check) => check !== undefined);
  return known.length < checks.length ? undefined : (value) => known.some((check) => check(value));
}

function object(shape: z.core.$ZodLooseShape): Check | undefined {
  const fields: { readonly key: string; readonly isOptional: boolean; readonly check: Check }[] = [];
  for (const [key, schema] of Object.entries(shape)) {
    const check = compile(schema as z.core.$ZodType);
    if (check === undefined) {
      return undefined;
    }
    fields.push({ key, isOptional: (schema as z.core.$ZodType)._zod.def.type === 'optional', check });
  }
  return (value) => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return false;
    }
    for (const { key, isOptional, check } of fields) {
      const field = (value as Readonly<Record<string, unknown>>)[key];
      if (field === undefined ? !isOptional : !check(field)) {
        return false;
      }
    }
    return true;
  };
}

function withChecks(check: Check, checks: readonly z.core.$ZodCheck[]): Check | undefined {
  return checks.reduce<Check | undefined>((before, one) => {
    const { check: kind, maximum } = one._zod.def as { readonly check: string; readonly maximum?: number };
    if (before === undefined || (one as unknown) === withoutPrototypeKeys) {
      // `isHarmless` refuses all prototype keys.
      return before;
    }
    if (kind === 'max_length' && maximum !== undefined) {
      return (value) => before(value) && (value as { readonly length: number }).length <= maximum;
    }
    return undefined;
  }, check);
}

/**
 * Whether a value of JSON has none of the parts that the guards of the schemas refuse or bound: prototype keys, numbers beyond the range,
 * and too many levels or entries. It is stricter than they are.
 */
export function isHarmless(value: unknown): boolean {
  return harmlessEntries(value, DEPTH) <= MOST_ENTRIES;
}

/** Number of entries in `value`; `Infinity` if there is a part that is not harmless. */
function harmlessEntries(value: unknown, depth: number): number {
  if (typeof value !== 'object') {
    return typeof value === 'number' && !Number.isFinite(value) ? Infinity : 1;
  }
  if (value === null) {
    return 1;
  }
  if (depth === 0) {
    return Infinity;
  }
  let entries = 1;
  if (Array.isArray(value)) {
    for (const entry of value as readonly unknown[]) {
      entries += harmlessEntries(entry, depth - 1);
    }
    return entries;
  }
  for (const key in value) {
    if (isPrototypeKey(key)) {
      return Infinity;
    }
    entries += harmlessEntries((value as Readonly<Record<string, unknown>>)[key], depth - 1);
  }
  return entries;
}

/** Whether an object of JSON has a prototype key of its own. */
export function hasPrototypeKey(value: object): boolean {
  for (const key in value) {
    if (isPrototypeKey(key)) {
      return true;
    }
  }
  return false;
}

function isPrototypeKey(key: string): boolean {
  return key === '__proto__' || key === 'constructor' || key === 'prototype';
}
