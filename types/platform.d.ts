// The declarations of the platform for the build: only what the library uses, and nothing else of a browser or of Node.

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface ReadableStreamReader<R> {
  readonly closed: Promise<unknown>;
  read(): Promise<IteratorResult<R, undefined>>;
  cancel(): Promise<void>;
  releaseLock(): void;
}

interface ReadableStream<R> {
  getReader(): ReadableStreamReader<R>;
  [Symbol.asyncIterator](): AsyncIterableIterator<R>;
}

declare const ReadableStream: new <R>(
  source: {
    pull(controller: { enqueue(value: R): void; close(): void }): Promise<void>;
    cancel(): void;
  },
  strategy: { highWaterMark: number },
) => ReadableStream<R>;

declare class AbortController {
  readonly signal: AbortSignal;
  abort(reason?: unknown): void;
}

/** Never called. It is only compared, to see whether fake timers have replaced it. */
declare const setInterval: unknown;

declare var performance: { readonly now: () => number } | undefined;

declare class URLSearchParams {
  constructor(query: string);
  getAll(name: string): string[];
  has(name: string): boolean;
}

declare class URL {
  static canParse(url: string): boolean;
  readonly href: string;
  readonly protocol: string;
  readonly username: string;
  readonly password: string;
  readonly host: string;
  readonly pathname: string;
  readonly search: string;
  readonly searchParams: URLSearchParams;
  constructor(url: string, base?: string);
}

interface Headers extends Iterable<[string, string]> {
  get(name: string): string | null;
  getSetCookie(): string[];
}

declare const Headers: new (pairs: [string, string][]) => Headers;

interface Request {
  readonly method: string;
  readonly url: string;
  readonly headers: Headers;
  readonly signal: AbortSignal;
}

declare const Request: new (
  url: string,
  options: { method?: string; headers?: [string, string][]; signal?: AbortSignal },
) => Request;

interface Response {
  readonly bodyUsed: boolean;
  readonly status: number;
  readonly headers: Headers;
  readonly body: ReadableStream<Uint8Array> | null;
  text(): Promise<string>;
}

declare const Response: new (
  body: string | ReadableStream<Uint8Array> | null,
  options: { status?: number; headers: Readonly<Record<string, string>> },
) => Response;

declare function fetch(
  url: string,
  request: { method: string; headers: Record<string, string>; signal: AbortSignal; cache?: 'no-store' },
): Promise<Response>;

declare class TextEncoder {
  encode(text: string): Uint8Array;
}

declare class TextDecoder {
  decode(bytes: Uint8Array, options: { stream: boolean }): string;
}
