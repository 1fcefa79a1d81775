import type { TextReader } from './EventText.js';

/** The part of Node's `Socket` that is used. */
export interface NodeSocket {
  readonly destroyed: boolean;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** The part of Node's `IncomingMessage` and `Http2ServerRequest` that is used. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket?: NodeSocket | undefined;
  readonly aborted?: boolean | undefined;
  on?(event: 'aborted', listener: () => void): unknown;
  resume?(): unknown;
}

/** The part of Node's `ServerResponse` and `Http2ServerResponse` that is used. */
export interface NodeResponse {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(chunk: string | Uint8Array): boolean;
  /** The streams of Node have it. A response without it is given strings, never bytes. */
  cork?(): unknown;
  readonly end: (() => unknown) & ((text: string) => unknown);
  destroy(): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
}

/** A text that is taken in chunks. */
export interface Text {
  /** Returns the next chunk. If there is none yet, the reader is called when there may be one. */
  take(): { readonly text: string; readonly bytes: Uint8Array } | undefined;
  /** Whether the text has ended. */
  readonly isOver: boolean;
  reader: TextReader | undefined;
  /** Ends the text. */
  leave(): void;
  /** Lets the text end when it is not taken any more. */
  watchDeparture(): void;
}

/** Calls `act` when the connection of `response` is closed. Returns a function that removes the listener from the socket. */
export function onGone(request: NodeRequest, response: NodeResponse, act: () => void): () => void {
  const { socket } = request;
  response.on('close', act);
  // A stream of HTTP/2 that the client resets without an error, while a write is pending, is aborted, and closes only once its request is read.
  request.on?.('aborted', act);
  request.resume?.();
  // A response that waits behind another one on the same connection gets no `close` event, so the socket is watched, too.
  socket?.on('close', act);
  if (response.destroyed || socket?.destroyed === true || request.aborted === true) {
    act();
  }
  return () => {
    socket?.off('close', act);
  };
}

/** Converts the headers of `response` for Node. Each cookie is a separate header. */
export function nodeHeaders(response: Response): Record<string, string | string[]> {
  const { headers } = response;
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}

/** Converts a request of Node to a `Request`. `undefined` if the `Request` class refuses it. */
export function requestOf(
  { method = 'GET', url = '/', headers }: NodeRequest,
  signal?: AbortSignal,
): Request | undefined {
  try {
    const pairs = Object.entries(headers).flatMap(([name, value]): [string, string][] => {
      if (value === undefined || name.startsWith(':')) {
        return [];
      }
      return (typeof value === 'string' ? [value] : value).map((one) => [name, one]);
    });
    // HTTP/2 has the host in a pseudo-header.
    const authority = headers[':authority'];
    if (headers['host'] === undefined && typeof authority === 'string') {
      pairs.push(['host', authority]);
    }
    // A path that begins with two slashes would be parsed as a host.
    const place = /^[/\\]{2}/.test(url) ? `/.${url}` : url;
    // Only GET is served, so the body is not needed.
    return new Request(new URL(place, baseOf(authority ?? headers['host'], headers[':scheme'])).href, {
      method,
      headers: pairs,
      ...(signal !== undefined && { signal }),
    });
  } catch {
    return undefined;
  }
}

/**
 * Writes `text` until it ends, no faster than the client reads it.
 *
 * @returns Resolves when it has ended. Rejects with what `response` throws.
 */
export function write(text: Text, response: NodeResponse): Promise<void> {
  return new Promise((resolve, reject) => {
    new Writing(text, response, resolve, reject).begin();
  });
}

/** Writes a text in the turns in which it has something, without a promise for each chunk. */
class Writing implements TextReader {
  private readonly text: Text;
  private readonly response: NodeResponse;
  private readonly resolve: () => void;
  private readonly reject: (error: unknown) => void;
  /** The bytes of a chunk are made once for all clients. */
  private readonly takesBytes: boolean;
  /** Whether the response has no room until it drains. */
  private isFull = false;
  private isWriting = false;
  private isDone = false;

  constructor(text: Text, response: NodeResponse, resolve: () => void, reject: (error: unknown) => void) {
    this.text = text;
    this.response = response;
    this.resolve = resolve;
    this.reject = reject;
    this.takesBytes = typeof response.cork === 'function';
  }

  begin(): void {
    this.text.reader = this;
    this.response.on('drain', () => {
      if (this.isFull) {
        this.isFull = false;
        this.ready();
      }
    });
    this.ready();
  }

  ready(): void {
    if (this.isDone) {
      return;
    }
    this.isWriting = true;
    try {
      this.writeAll();
    } catch (error) {
      this.isDone = true;
      this.text.leave();
      this.reject(error);
    }
    this.isWriting = false;
  }

  over(): void {
    if (this.isDone || this.isWriting) {
      return;
    }
    if (this.isFull) {
      // The text was cut off while the client did not read. What the socket has not accepted is not sent.
      this.response.destroy();
    } else {
      this.response.end();
    }
    this.finish();
  }

  private writeAll(): void {
    const { text, response } = this;
    for (let chunk = text.take(); chunk !== undefined; chunk = text.take()) {
      // The application may have ended the response.
      if (response.writableEnded) {
        this.finish();
        return;
      }
      const hasRoom = response.write(this.takesBytes ? chunk.bytes : chunk.text);
      if (!hasRoom && !text.isOver) {
        this.isFull = true;
        text.watchDeparture();
        return;
      }
    }
    if (text.isOver) {
      response.end();
      this.finish();
    }
  }

  private finish(): void {
    this.isDone = true;
    this.resolve();
  }
}

type HeaderValue = NodeRequest['headers'][string];

function baseOf(host: HeaderValue, scheme: HeaderValue): string {
  const base = `${scheme === 'https' ? 'https' : 'http'}://${String(host)}`;
  return typeof host === 'string' && URL.canParse(base) ? base : 'http://localhost';
}
