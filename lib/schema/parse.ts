import * as z from 'zod/mini';
import { describeIssue } from './describeIssue.js';
import { MAX_ISSUES, pathText, ValidationError } from './ValidationError.js';

/**
 * Parses `value` with `schema`.
 *
 * @throws ValidationError that says that the value is not `expected`.
 */
export function parse<T>(expected: string, schema: z.ZodMiniType<T>, value: unknown): T {
  const result = z.safeParse(schema, value, { error: describeIssue });
  if (result.success) {
    return result.data;
  }
  const issues = result.error.issues.slice(0, MAX_ISSUES);
  const causes = issues.flatMap((issue) => (issue.code === 'custom' ? [causeOf(issue)] : []));
  const cause = causes.find((one) => one !== undefined);
  throw new ValidationError(
    expected,
    issues.map(({ path, message }) => ({ path: pathText(path), message })),
    cause === undefined ? undefined : { cause },
  );
}

function causeOf({ params }: z.core.$ZodIssueCustom): unknown {
  return (params as { cause?: unknown } | undefined)?.cause;
}
