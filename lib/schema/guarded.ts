import * as z from 'zod/mini';
import { describeIssue } from './describeIssue.js';
import { glimpseOfError } from './glimpse.js';
import type { Guard, Refusal } from './guard.js';
import { MAX_ISSUES } from './ValidationError.js';

/**
 * Makes a schema that applies `guard` to a value, then checks the guard's copy with the schema that `shapeOf` returns.
 *
 * The result has the issues of both. An error that the schema throws becomes an issue with `params.cause`.
 */
export function guarded<T>(guard: Guard, shapeOf: (copy: unknown) => z.core.$ZodType<T>): z.ZodMiniType<T> {
  return z.transform((value: unknown, payload: z.core.ParsePayload): T => {
    const { refusals, copy } = guard(value);
    payload.issues.push(...refusals.map(issueOf));
    if (copy === undefined) {
      return z.NEVER;
    }
    try {
      const result = z.safeParse(shapeOf(copy.value), copy.value, { error: describeIssue });
      if (result.success) {
        return result.data;
      }
      const issues = result.error.issues.filter(({ path }) => !refusals.some((refusal) => isUnder(refusal, path)));
      payload.issues.push(...issues.slice(0, MAX_ISSUES).map((issue) => ({ ...issue, input: undefined })));
    } catch (error) {
      payload.issues.push(issueOf({ path: [], message: `checking it threw ${glimpseOfError(error)}`, cause: error }));
    }
    return z.NEVER;
  });
}

function issueOf({ path, message, cause }: Refusal): z.core.$ZodRawIssue {
  return { code: 'custom', path: [...path], message, input: undefined, params: { cause } };
}

/** Whether an issue at `path` only follows from a refusal, which has removed the value at that place. */
function isUnder(refusal: Refusal, path: readonly PropertyKey[]): boolean {
  return refusal.path.every((key, index) => key === path[index]);
}
