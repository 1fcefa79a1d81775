import { onAbort } from '../internal/onAbort.js';

/** As much of Node's `IncomingMessage` as is used. */
export interface NodeRequest {
  readonly method?: string | undefined;
  readonly url?: string | undefined;
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
}

/** As much of Node's `ServerResponse` as is used. */
export interface NodeResponse {
  readonly destroyed: boolean;
  writeHead(status: number, headers: Record<string, string>): unknown;
  write(text: string): boolean;
  end(text?: string): unknown;
  on(event: 'close' | 'drain', listener: () => void): unknown;
}

/** Something that is written as it comes. */
export interface Text {
  next(): Promise<string | undefined>;
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
    // Only GET is served: of another method no more is asked than its name.
    return new Request(new URL(url, baseOf(headers['host'])).href, { method, headers: pairs, signal });
  } catch {
    return undefined;
  }
}

/** Writes `text`, no faster than it is read, until `text` ends. */
export async function write(text: Text, response: NodeResponse, gone: AbortSignal): Promise<void> {
  let onDrain: (() => void) | undefined;
  const go = (): void => {
    onDrain?.();
  };
  response.on('drain', go);
  // What was opened for a request leaves with its signal; here is only who waits for the socket.
  const ignore = onAbort(gone, go);
  for (let chunk = await text.next(); chunk !== undefined; chunk = await text.next()) {
    if (!response.write(chunk) && !gone.aborted) {
      await new Promise<void>((resolve) => {
        onDrain = resolve;
      });
    }
  }
  ignore();
  response.end();
}

function baseOf(host: string | readonly string[] | undefined): string {
  const base = `http://${String(host)}`;
  return typeof host === 'string' && URL.canParse(base) ? base : 'http://localhost';
}
