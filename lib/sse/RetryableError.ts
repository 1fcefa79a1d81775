import { EventStreamError } from './EventStreamError.js';

/** An error that may not occur at the next attempt. */
export class RetryableError extends EventStreamError {
  /** The header `Retry-After` of the response. */
  readonly retryAfter: string | null;
  /** The header `Date` of the response: the time on the server's clock. */
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
