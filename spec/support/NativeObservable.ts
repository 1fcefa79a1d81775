/** What a subscriber of an Observable of the platform is given to emit by. */
export interface NativeSubscriber<T> {
  readonly active: boolean;
  readonly signal: AbortSignal;
  next(value: T): void;
  error(error: unknown): void;
  complete(): void;
  addTeardown(teardown: () => void): void;
}

interface NativeObserver<T> {
  next?: (value: T) => void;
  error?: (error: unknown) => void;
  complete?: () => void;
}

/**
 * An Observable as the WICG's proposal has it, and Chromium: `subscribe` returns nothing, a signal ends it, and what an observer throws is
 * reported, and ends nothing.
 */
export class NativeObservable<T> {
  /** What observers threw, and errors that nobody took. */
  readonly reported: unknown[] = [];
  readonly #begin: (subscriber: NativeSubscriber<T>) => void;

  constructor(begin: (subscriber: NativeSubscriber<T>) => void) {
    this.#begin = begin;
  }

  subscribe(
    observerOrNext: NativeObserver<T> | ((value: T) => void) = {},
    { signal }: { signal?: AbortSignal } = {},
  ): undefined {
    const observer = typeof observerOrNext === 'function' ? { next: observerOrNext } : observerOrNext;
    const teardowns: (() => void)[] = [];
    const controller = new AbortController();
    const guarded = (act: () => void): void => {
      try {
        act();
      } catch (error) {
        this.reported.push(error);
      }
    };
    const close = (reason?: unknown): boolean => {
      if (controller.signal.aborted) {
        return false;
      }
      controller.abort(reason);
      teardowns.reverse().forEach(guarded);
      return true;
    };
    const subscriber: NativeSubscriber<T> = {
      get active() {
        return !controller.signal.aborted;
      },
      signal: controller.signal,
      next: (value) => {
        if (!controller.signal.aborted) {
          guarded(() => observer.next?.(value));
        }
      },
      error: (error) => {
        if (!close() || observer.error === undefined) {
          this.reported.push(error);
        } else {
          guarded(() => observer.error?.(error));
        }
      },
      complete: () => {
        if (close()) {
          guarded(() => observer.complete?.());
        }
      },
      addTeardown: (teardown) => {
        if (controller.signal.aborted) {
          guarded(teardown);
        } else {
          teardowns.push(teardown);
        }
      },
    };
    if (signal?.aborted === true) {
      close(signal.reason);
    }
    signal?.addEventListener('abort', () => close(signal.reason), { once: true });
    try {
      this.#begin(subscriber);
    } catch (error) {
      subscriber.error(error);
    }
    return undefined;
  }
}
