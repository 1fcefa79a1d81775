// What the build knows of the platform: as much as the library uses, and nothing else of a browser or of Node.

interface AbortSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: 'abort', listener: () => void, options?: { once?: boolean }): void;
  removeEventListener(type: 'abort', listener: () => void): void;
}

interface ReadableStreamReader<R> {
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
