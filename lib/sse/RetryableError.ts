import { EventStreamError } from './EventStreamError.js';

/** What another attempt may mend. */
export class RetryableError extends EventStreamError {
  /** What the server said of when that may be, as the header has it. */
  readonly retryAfter: string | null;
  /** When it said that, by its own clock, as the header has it. */
  readonly date: string | null;

  constructor(
    message: string,
    status?: number,
    body = '',
    {
      retryAfter = null,
      date = null,
      ...options
    }: { retryAfter?: string | null; date?: string | null; cause?: unknown } = {},
  ) {
    super(message, status, body, options);
    this.retryAfter = retryAfter;
    this.date = date;
  }
}
