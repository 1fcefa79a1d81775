/** Something that gives one value when it is asked, and `undefined` when it is through. */
export interface Pulled<T> {
  /** @param consumer What takes one value after the other, as the only one. */
  take(consumer: object): Promise<T | undefined>;
  /** `consumer` takes nothing more. */
  leave(consumer: object): void;
}

/** Pulls `source` by an iterator. The end of the iterator ends the source. */
export function iteratorOver<T>(source: Pulled<T>): AsyncIterableIterator<T> {
  const consumer = {};
  const leave = (): IteratorReturnResult<undefined> => {
    source.leave(consumer);
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      const value = await source.take(consumer);
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

/** Pulls `source` by a stream that keeps nothing of its own. Cancelling the stream ends the source. */
export function streamOver<T>(source: Pulled<T>): ReadableStream<T> {
  const consumer = {};
  return new ReadableStream<T>(
    {
      pull: async (controller) => {
        const value = await source.take(consumer);
        if (value === undefined) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      cancel: () => {
        source.leave(consumer);
      },
    },
    { highWaterMark: 0 },
  );
}
