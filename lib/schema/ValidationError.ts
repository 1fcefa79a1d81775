import { show } from '../internal/support/show.js';

/** How many problems one error lists; what comes after them is not told. */
export const MAX_ISSUES = 100;

/** A path longer than this many characters is cut. */
const LONGEST_PATH = 120;

const NAME = /^[A-Za-z_$][\w$]*$/;

/** One thing that is wrong with a value that was parsed. */
export interface ValidationIssue {
  /** Where: `routing.scrollId`, `filters[2].id`, or `(root)` for the value as a whole. */
  readonly path: string;
  /** What is wrong there, with the value. */
  readonly message: string;
}

/**
 * Thrown by the parsers of `sharing-bus/schema` where a value is not what it ought to be.
 *
 * **Details** The message lists every problem with its path and its value, up to 100 of them. `cause` is what a getter,
 * a proxy or a schema of the application threw, where one did.
 *
 * @example
 * ```ts
 * parseEventFilter({ type: 'scrollId', id: 7 });
 * // ValidationError: not an event filter: id: must be a string, got 7
 * ```
 */
export class ValidationError extends TypeError {
  override readonly name = 'ValidationError';

  /**
   * @param expected What the value is not, such as `an event filter`.
   * @param issues What is wrong, from 1 to 100 issues.
   * @param options The error behind this one, where there is one.
   */
  constructor(
    expected: string,
    readonly issues: readonly ValidationIssue[],
    options?: { cause?: unknown },
  ) {
    super(`not ${expected}: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, options);
  }
}

/** `path` as an issue shows it. */
export function pathText(path: readonly PropertyKey[]): string {
  const text = path.map(step).join('').replace(/^\./, '');
  return text.length > LONGEST_PATH ? `${text.slice(0, LONGEST_PATH)}…` : text || '(root)';
}

function step(key: PropertyKey): string {
  if (typeof key === 'string') {
    return NAME.test(key) ? `.${key}` : `[${show(key)}]`;
  }
  return `[${String(key)}]`;
}
