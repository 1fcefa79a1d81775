import { ValidationError } from '../../lib/schema/index.js';

/** The `ValidationError` that `call` throws; whatever else happens is an error of the spec. */
export function refusalOf(call: () => unknown): ValidationError {
  let result: unknown;
  try {
    result = call();
  } catch (error) {
    if (error instanceof ValidationError) {
      return error;
    }
    throw error;
  }
  throw new Error(`it was taken, and gave ${JSON.stringify(result)}`);
}

/** The problems that `call` is refused for, a line for each. */
export function problemsOf(call: () => unknown): string[] {
  return refusalOf(call).issues.map(({ path, message }) => `${path}: ${message}`);
}

/** `depth` objects in one another, around `inner`. */
export function nested(depth: number, wrap: (inner: unknown) => unknown, inner: unknown): unknown {
  let value = inner;
  for (let i = 0; i < depth; i++) {
    value = wrap(value);
  }
  return value;
}

/** A value with 2^100 leaves in 100 lists. */
export function endless(wrap: (one: unknown, other: unknown) => unknown, leaf: unknown): unknown {
  return nested(100, (inner) => wrap(inner, inner), leaf);
}

export function throwing(error: unknown): never {
  throw error;
}

/** A proxy that throws, whatever is asked of it. */
export function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}
