import { show } from '../internal/support/show.js';

/** Rejects what was not stored when the upstream or its bus was closed. It is also thrown for what is asked of it afterwards. */
export class UpstreamClosedError extends Error {
  override readonly name = 'UpstreamClosedError';

  /** @param reason What had ended before, as a part of a sentence. */
  constructor(reason = 'the upstream is closed') {
    super(`${reason}; the event may not be stored`);
  }
}

/**
 * Thrown by `publish` if as many events as `maxPending` wait to be stored, or if they are as long as `maxPendingLength`. The event was not
 * taken: publish it again after `ready()`. With the order `local`, it is the `cause` of a {@link NotStoredError}, and the event was delivered here.
 */
export class OutboxFullError extends RangeError {
  override readonly name = 'OutboxFullError';

  /**
   * @param pending Number of events that are not stored yet.
   * @param length Their length, in characters.
   * @param limit The option that is reached, with its value.
   */
  constructor(
    readonly pending: number,
    readonly length: number,
    limit: string,
  ) {
    super(`${pending} events of ${length} characters wait to be stored, and ${limit}; wait for upstream.ready()`);
  }
}

/** Thrown by `publish` for an event that is larger than the server or the stream accepts. No attempt can store it. */
export class EventTooLargeError extends RangeError {
  override readonly name = 'EventTooLargeError';

  /**
   * @param bytes Size of the message: the event as it is written, and its headers.
   * @param maxBytes The smaller one of the server's `max_payload` and the stream's `max_msg_size`.
   * @param kind The event's `routing.kind`.
   */
  constructor(
    readonly bytes: number,
    readonly maxBytes: number,
    kind: string,
  ) {
    super(
      `an event of kind ${show(kind)} takes ${bytes} bytes, at most ${maxBytes} are accepted; ` +
        "publish a reference to the data, or raise the server's max_payload and the stream's max_msg_size",
    );
  }
}

/** Rejects the promise of an event that was given up. */
export class NotStoredError extends Error {
  override readonly name = 'NotStoredError';

  /**
   * @param reason Why, as a sentence.
   * @param unknown Whether the event may be stored all the same: it was sent, and no answer came. `false`: it is not stored.
   * @param options `cause` is the error of the server or of the client, if there is one.
   */
  constructor(
    reason: string,
    readonly unknown: boolean,
    options?: { cause?: unknown },
  ) {
    super(`${reason}; ${unknown ? 'it may be stored all the same' : 'it is not stored'}`, options);
  }
}

/** Thrown if the configuration of a stream does not fit. Nothing was changed. */
export class StreamMismatchError extends Error {
  override readonly name = 'StreamMismatchError';

  /**
   * @param stream The stream's name.
   * @param problems What is wrong, one sentence for each, with what to do.
   */
  constructor(
    readonly stream: string,
    readonly problems: readonly string[],
  ) {
    super(`the stream ${show(stream)} does not fit: ${problems.join('; ')}`);
  }
}

/** Thrown if a server, an account or a connection cannot serve an upstream. The message says what to do. */
export class JetStreamSetupError extends Error {
  override readonly name = 'JetStreamSetupError';
}

/** Ends a bus whose connection to the servers has ended for good. */
export class ConnectionEndedError extends Error {
  override readonly name = 'ConnectionEndedError';

  /** @param cause The error of the connection, if there is one. */
  constructor(cause?: unknown) {
    super(
      'the connection to NATS has ended; connect with maxReconnectAttempts: -1 and, if a server may refuse the user for a while, ignoreAuthErrorAbort: true; close the bus before it',
      {
        cause,
      },
    );
  }
}
