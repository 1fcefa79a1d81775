// Imported before anything else: what the shell of JavaScriptCore lacks of a browser, as much as the scenarios need.
const globals: Record<string, unknown> = globalThis as object as Record<string, unknown>;

class Signal {
  aborted = false;
  reason: unknown;
  readonly #listeners = new Set<() => void>();

  addEventListener(_type: string, listener: () => void): void {
    this.#listeners.add(listener);
  }

  removeEventListener(_type: string, listener: () => void): void {
    this.#listeners.delete(listener);
  }

  throwIfAborted(): void {
    if (this.aborted) {
      throw this.reason;
    }
  }

  abort(reason: unknown): void {
    this.aborted = true;
    this.reason = reason;
    this.#listeners.forEach((listener) => {
      listener();
    });
  }
}

globals['AbortController'] ??= class {
  readonly signal = new Signal();

  abort(reason?: unknown): void {
    this.signal.abort(reason);
  }
};

interface Source {
  pull(controller: { enqueue(value: unknown): void; close(): void }): Promise<void>;
  cancel(): void;
}

globals['ReadableStream'] ??= class {
  readonly #source: Source;

  constructor(source: Source) {
    this.#source = source;
  }

  cancel(): Promise<void> {
    this.#source.cancel();
    return Promise.resolve();
  }

  getReader(): { read(): Promise<unknown>; cancel(): Promise<void> } {
    return {
      cancel: () => this.cancel(),
      read: () =>
        new Promise((resolve, reject) => {
          const controller = {
            enqueue: (value: unknown) => {
              resolve({ done: false, value });
            },
            close: () => {
              resolve({ done: true, value: undefined });
            },
          };
          this.#source.pull(controller).catch(reject);
        }),
    };
  }
};

globals['crypto'] ??= {
  getRandomValues: (bytes: Uint8Array) => bytes.map((_, index) => index),
};

globals['console'] ??= { log: globals['print'] };
