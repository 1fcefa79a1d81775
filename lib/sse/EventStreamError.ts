/** What an event stream ends with that cannot be read, or not any more. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError';

  /**
   * @param message What happened.
   * @param status The HTTP status of the answer; `undefined` where none came.
   * @param body The beginning of what the answer said.
   * @param options The error behind this one, where there is one.
   */
  constructor(
    message: string,
    readonly status?: number,
    readonly body = '',
    options?: { cause?: unknown },
  ) {
    super(message, options);
  }
}
