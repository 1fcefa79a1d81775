/** Ends the stream of `fromEventStream` if the server refuses it, if the response is not an event stream, or after the last attempt. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError';

  /**
   * @param message What happened.
   * @param status The HTTP status of the response. `undefined` if there was no response.
   * @param body The beginning of the response's body, at most 500 characters.
   * @param options `cause` is the underlying error, if there is one.
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
