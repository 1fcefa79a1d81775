import { show } from '../internal/support/show.js';

/** The most problems that one error lists. Further ones are omitted. */
export const MAX_ISSUES = 100;

/** A longer path is cut after this many characters. */
const LONGEST_PATH = 120;

const NAME = /^[A-Za-z_$][\w$]*$/;

/** One problem of a value that was parsed. */
export interface ValidationIssue {
  /** The place of the problem, such as `routing.scrollId` or `filters[2].id`. `(root)` stands for the whole value. */
  readonly path: string;
  /** What is wrong at this place, with the value. */
  readonly message: string;
}

/**
 * Thrown by the parsers of `sharing-bus/schema` if a value is not valid.
 *
 * **Details** The message lists each problem with its path and its value, up to 100 problems. If a getter, a proxy or a schema of the
 * application threw an error, `cause` is that error.
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
   * @param expected What the value should have been, such as `an event filter`.
   * @param issues The problems, from 1 to 100.
   * @param options `cause` is the underlying error, if there is one.
   */
  constructor(
    expected: string,
    readonly issues: readonly ValidationIssue[],
    options?: { cause?: unknown },
  ) {
    super(`not ${expected}: ${issues.map(({ path, message }) => `${path}: ${message}`).join('; ')}`, options);
  }
}

/** Formats a path for an issue. */
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
