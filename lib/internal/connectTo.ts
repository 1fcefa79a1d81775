import { count, isObservable, lastValueFrom, Observable, Subject, takeUntil, tap } from 'rxjs';
import type { BusEvent } from '../protocol/BusEvent.js';
import { onAbort } from './onAbort.js';
import { show } from './show.js';
import { unlessAborted } from './unlessAborted.js';

/** Where a bus can take events from. */
export type BusEventSource<E> = AsyncIterable<BusEvent<E>> | ReadableStream<BusEvent<E>> | Observable<BusEvent<E>>;

/** Options of `SharingBus.connect`. */
export interface ConnectOptions {
  /** Events between two flushes, 1 to 2^31 - 1. Default 64. */
  readonly window?: number | undefined;
  /** Stops: the source is told, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What is needed of a bus. */
interface Sink<E> {
  publish(busEvent: BusEvent<E>): void;
  flush(filter: undefined, options: { signal: AbortSignal | undefined }): Promise<void>;
}

interface Connection {
  readonly window: number;
  readonly signal: AbortSignal | undefined;
  readonly isClosed: () => boolean;
}

/** Publishes what comes from `source`, and returns how many events that were. */
export async function connectTo<E>(bus: Sink<E>, source: BusEventSource<E>, connection: Connection): Promise<number> {
  if (!isSource(source)) {
    throw new TypeError(`connect: expected an async iterable, a stream or an Observable, got ${show(source)}`);
  }
  if (isObservable(source)) {
    return await observe(bus, source, connection);
  }
  return await pull(bus, iteratorOf(source), connection);
}

async function pull<E>(
  bus: Sink<E>,
  iterator: AsyncIterator<BusEvent<E>>,
  { window, signal, isClosed }: Connection,
): Promise<number> {
  let published = 0;
  try {
    while (!isClosed()) {
      signal?.throwIfAborted();
      const next = await unlessAborted(signal, iterator.next());
      if (next.done === true) {
        return published;
      }
      bus.publish(next.value);
      published += 1;
      if (published % window === 0) {
        await bus.flush(undefined, { signal });
      }
    }
  } catch (error) {
    // The source may wait for something itself: nobody waits for it to stop.
    void iterator.return?.().catch(() => undefined);
    throw error;
  }
  await iterator.return?.();
  return published;
}

function observe<E>(bus: Sink<E>, source: Observable<BusEvent<E>>, { signal, isClosed }: Connection): Promise<number> {
  const aborted$ = new Observable<never>((subscriber) =>
    onAbort(signal, () => {
      subscriber.error(signal?.reason);
    }),
  );
  const closed$ = new Subject<void>();
  const published$ = source.pipe(
    tap((busEvent) => {
      if (isClosed()) {
        closed$.next();
      } else {
        bus.publish(busEvent);
      }
    }),
    takeUntil(closed$),
    count(),
    takeUntil(aborted$),
  );
  return lastValueFrom(published$, { defaultValue: 0 });
}

/** Some browsers cannot iterate over their own streams. */
function iteratorOf<E>(source: AsyncIterable<E> | ReadableStream<E>): AsyncIterator<E> {
  if (Symbol.asyncIterator in source) {
    return source[Symbol.asyncIterator]();
  }
  const reader = (source as ReadableStream<E>).getReader();
  return {
    next: () => reader.read() as Promise<IteratorResult<E>>,
    return: async () => {
      await reader.cancel();
      return { done: true, value: undefined };
    },
  };
}

function isSource(value: unknown): boolean {
  const source = value as Partial<ReadableStream<unknown> & AsyncIterable<unknown>> | null | undefined;
  return (
    isObservable(source) ||
    typeof source?.[Symbol.asyncIterator] === 'function' ||
    typeof source?.getReader === 'function'
  );
}
