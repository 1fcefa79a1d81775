/** As much of Node's `Socket` as is used. */
export interface NodeSocket {
  readonly destroyed: boolean;
  on(event: 'close', listener: () => void): unknown;
  off(event: 'close', listener: () => void): unknown;
}

/** As much of Node's `IncomingMessage` as is used. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly socket?: NodeSocket | undefined;
}

/** As much of Node's `ServerResponse` as is used. */
export interface NodeResponse {
  readonly destroyed: boolean;
  readonly headersSent: boolean;
  readonly writableEnded: boolean;
  writeHead(status: number, headers: Record<string, string | string[]>): unknown;
  write(text: string): boolean;
  end(text?: string): unknown;
  destroy(): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
}

/** Something that is written as it comes. */
export interface Text {
  next(): Promise<string | undefined>;
  /** Whether nothing more will come. */
  readonly isOver: boolean;
  /** Called when nothing more will come. */
  onOver: (() => void) | undefined;
}

/** Calls `act` when nobody can read `response` any more. Returns what gives the listeners back. */
export function onGone({ socket }: NodeRequest, response: NodeResponse, act: () => void): () => void {
  response.on('close', act);
  // A response that waits behind another one of its connection is not told that this is closed.
  socket?.on('close', act);
  if (response.destroyed || socket?.destroyed === true) {
    act();
  }
  return () => {
    socket?.off('close', act);
  };
}

/** The headers of `response` as Node takes them: each cookie is one of its own. */
export function nodeHeaders(response: Response): Record<string, string | string[]> {
  const { headers } = response;
  const cookies = headers.getSetCookie();
  return { ...Object.fromEntries(headers), ...(cookies.length > 0 && { 'set-cookie': cookies }) };
}

/** The request as the platform's own class has it; `undefined`, where that does not take it. */
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
    // A path that begins with two slashes would be read as a host.
    const place = /^[/\\]{2}/.test(url) ? `/.${url}` : url;
    // Only GET is served: of another method no more is asked than its name.
    return new Request(new URL(place, baseOf(headers['host'])).href, { method, headers: pairs, signal });
  } catch {
    return undefined;
  }
}

/** Writes `text`, no faster than it is read, until `text` ends. */
export async function write(text: Text, response: NodeResponse, gone: AbortSignal): Promise<void> {
  let proceed: ((hasRoom: boolean) => void) | undefined;
  response.on('drain', () => {
    proceed?.(true);
  });
  text.onOver = () => {
    proceed?.(false);
  };
  for (let chunk = await text.next(); chunk !== undefined; chunk = await text.next()) {
    // An application may end what it gave.
    if (response.writableEnded) {
      return;
    }
    if (!response.write(chunk) && !text.isOver && !gone.aborted) {
      const hasRoom = await new Promise<boolean>((resolve) => {
        proceed = resolve;
      });
      if (!hasRoom) {
        // It was cut off while its reader was waited for: what the socket has not taken is not sent.
        response.destroy();
        return;
      }
    }
  }
  response.end();
}

function baseOf(host: string | readonly string[] | undefined): string {
  const base = `http://${String(host)}`;
  return typeof host === 'string' && URL.canParse(base) ? base : 'http://localhost';
}
