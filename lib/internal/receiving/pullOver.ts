import type { Pullable } from '../../BusReceiver.js';

/** Something that gives one value when it is asked, and nothing when it is through. */
export interface Pulled<T> {
  recv(): Promise<T | undefined>;
  [Symbol.dispose](): void;
}

/** Pulls `source` by an iterator. Whoever ends the iterator ends the source. */
export function iteratorOver<T>(source: Pulled<T>): AsyncIterableIterator<T> {
  const leave = (): IteratorReturnResult<undefined> => {
    source[Symbol.dispose]();
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      const value = await source.recv();
      return value === undefined ? { done: true, value } : { done: false, value };
    },
    return: () => Promise.resolve(leave()),
    throw: async (error: unknown) => {
      await Promise.resolve(leave());
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Pulls `source` by a stream that keeps nothing of its own. Whoever cancels the stream ends the source. */
export function streamOver<T>(source: Pulled<T>): ReadableStream<T> {
  return new ReadableStream<T>(
    {
      pull: async (controller) => {
        const value = await source.recv();
        if (value === undefined) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      cancel: () => {
        source[Symbol.dispose]();
      },
    },
    { highWaterMark: 0 },
  );
}

/** All the ways of pulling `source`. */
export function pullableOver<T>(source: Pulled<T>): Pullable<T> {
  return {
    recv: () => source.recv(),
    toReadableStream: () => streamOver(source),
    [Symbol.asyncIterator]: () => iteratorOver(source),
  };
}
