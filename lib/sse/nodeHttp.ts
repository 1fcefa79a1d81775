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
  write(text: string): boolean;
  readonly end: (() => unknown) & ((text: string) => unknown);
  destroy(): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
}

/** A text that arrives in chunks. */
export interface Text {
  /** Resolves with the next chunk, or with `undefined` at the end. */
  next(): Promise<string | undefined>;
  /** Whether the text has ended. */
  readonly isOver: boolean;
  /** Called when the text has ended. */
  onOver: (() => void) | undefined;
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
  signal: AbortSignal,
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
      signal,
    });
  } catch {
    return undefined;
  }
}

/** Writes `text` until it ends, no faster than the client reads it. */
export async function write(text: Text, response: NodeResponse, gone: AbortSignal): Promise<void> {
  let proceed: ((hasRoom: boolean) => void) | undefined;
  response.on('drain', () => {
    proceed?.(true);
  });
  text.onOver = () => {
    proceed?.(false);
  };
  for (let chunk = await text.next(); chunk !== undefined; chunk = await text.next()) {
    // The application may have ended the response.
    if (response.writableEnded) {
      return;
    }
    if (!response.write(chunk) && !text.isOver && !gone.aborted) {
      const hasRoom = await new Promise<boolean>((resolve) => {
        proceed = resolve;
      });
      if (!hasRoom) {
        // The text was cut off while the client did not read. What the socket has not accepted is not sent.
        response.destroy();
        return;
      }
    }
  }
  response.end();
}

type HeaderValue = NodeRequest['headers'][string];

function baseOf(host: HeaderValue, scheme: HeaderValue): string {
  const base = `${scheme === 'https' ? 'https' : 'http'}://${String(host)}`;
  return typeof host === 'string' && URL.canParse(base) ? base : 'http://localhost';
}
