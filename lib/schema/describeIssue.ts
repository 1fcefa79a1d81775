import type * as z from 'zod/mini';
import { show } from '../internal/support/show.js';
import { glimpse } from './glimpse.js';

/** How many of the values that would do, or of the keys that are too many, a message names. */
const MOST_NAMED = 20;

/** The message of an issue that its schema has none for; `undefined` leaves it to zod. */
export function describeIssue(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case 'invalid_type':
      return mustBe([named(issue.expected)], issue.input);
    case 'invalid_value':
      return mustBe(issue.values.map(show), issue.input);
    case 'unrecognized_keys':
      return `has keys that it may not have: ${issue.keys.slice(0, MOST_NAMED).map(show).join(', ')}`;
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

/** The type that an option wants, where it refuses the value for its type and not for what it holds. */
function typeExpected({ path, ...issue }: z.core.$ZodIssue): string | undefined {
  return issue.code === 'invalid_type' && path.length === 0 ? named(issue.expected) : undefined;
}

function mustBe(expected: readonly string[], got: unknown): string {
  return `must be ${expected.slice(0, MOST_NAMED).join(' or ')}, got ${glimpse(got)}`;
}

function named(type: string): string {
  return `${/^[aeiou]/.test(type) ? 'an' : 'a'} ${type}`;
}
