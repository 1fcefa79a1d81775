import type * as z from 'zod/mini';
import { show } from '../internal/support/show.js';
import { glimpse } from './glimpse.js';

/** The most allowed values, or unknown keys, that a message lists. */
const MOST_NAMED = 20;

/** The message for an issue whose schema has no message of its own. `undefined` selects that of zod. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe([named(issue.expected)], issue.input);
    case 'invalid_value':
      return mustBe(issue.values.map(show), issue.input);
    case 'unrecognized_keys':
      return `has unknown keys: ${issue.keys.slice(0, MOST_NAMED).map(show).join(', ')}`;
    case 'invalid_union':
      return describeUnion(issue);
    default:
      return undefined;
  }
}

function describeUnion(issue: z.core.$ZodRawIssue<z.core.$ZodIssueInvalidUnion>): string | undefined {
  const { discriminator, options } = issue;
  if (discriminator !== undefined && Array.isArray(options)) {
    return mustBe(options.map(show), (issue.input as Readonly<Record<string, unknown>>)[discriminator]);
  }
  const expected = issue.errors.map(([first]) => (first === undefined ? undefined : typeExpected(first)));
  return expected.every((one) => one !== undefined) ? mustBe(expected, issue.input) : undefined;
}

/** The type that an option of a union expects, if it refuses the value for its type and not for its content. */
function typeExpected({ path, ...issue }: z.core.$ZodIssue): string | undefined {
  return issue.code === 'invalid_type' && path.length === 0 ? named(issue.expected) : undefined;
}

function mustBe(expected: readonly string[], got: unknown): string {
  return `must be ${expected.slice(0, MOST_NAMED).join(' or ')}, got ${glimpse(got)}`;
}

function named(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}
