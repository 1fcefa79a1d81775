import { count, isObservable, lastValueFrom, noop, Observable, takeUntil, tap } from 'rxjs';
import type { BusReceiver } from '../../BusReceiver.js';
import type { BusEvent } from '../../protocol/BusEvent.js';
import { onAbort } from '../support/onAbort.js';
import type { OptionNames } from '../support/requireOptions.js';
import { show } from '../support/show.js';
import type { Tasks } from '../support/Tasks.js';
import { unlessAborted } from '../support/unlessAborted.js';

/** Where a bus can take events from. */
export type BusEventSource<E> = AsyncIterable<BusEvent<E>> | ReadableStream<BusEvent<E>> | Observable<BusEvent<E>>;

/** Options of `SharingBus.connect`. */
export interface ConnectOptions {
  /** Events between two flushes, 1 to 2^31 - 1. Default 64. */
  readonly window?: number | undefined;
  /** Stops: the source is told, and the promise rejects with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Receivers of the bus: the source waits for them, and for nobody else. Default: for every receiver. */
  readonly waitFor?: readonly BusReceiver<unknown>[] | undefined;
}

export const CONNECT_OPTIONS: OptionNames<ConnectOptions> = { window: true, signal: true, waitFor: true };

/** What is needed of a bus. */
interface Sink<E> {
  publish(busEvent: BusEvent<E>): void;
  flush(filter: undefined, options: { signal: AbortSignal; waitFor: ConnectOptions['waitFor'] }): Promise<void>;
}

/** After so many events the other tasks of the platform run. Half of a receiver's default capacity, so that one that reads in each task keeps up. */
const EVENTS_IN_A_TASK = 128;

interface Connection {
  readonly window: number;
  readonly waitFor: ConnectOptions['waitFor'];
  /** Aborted when it is over before its source is; with {@link CLOSED} for a reason, it has ended well. */
  readonly stop: AbortSignal;
  /** None in virtual time, which waits for no task. */
  readonly tasks?: Tasks | undefined;
}

/** A connection that ends with its bus. */
export const CLOSED = new Error('the bus was closed');

/**
 * Publishes what comes from `source`, and returns how many events that were.
 *
 * @throws TypeError for what is no source.
 */
export function connectTo<E>(bus: Sink<E>, source: BusEventSource<E>, connection: Connection): Promise<number> {
  return isObservable(source) ? observe(bus, source, connection) : pull(bus, iteratorOf(source), connection);
}

async function pull<E>(
  bus: Sink<E>,
  iterator: AsyncIterator<BusEvent<E>>,
  { window, waitFor, stop, tasks }: Connection,
): Promise<number> {
  let published = 0;
  try {
    for (;;) {
      stop.throwIfAborted();
      const next = await unlessAborted(stop, Promise.resolve(iterator.next()));
      if (next.done === true) {
        return published;
      }
      stop.throwIfAborted();
      bus.publish(next.value);
      published += 1;
      if (published % window === 0) {
        await bus.flush(undefined, { signal: stop, waitFor });
      }
      if (published % EVENTS_IN_A_TASK === 0) {
        await tasks?.next();
      }
    }
  } catch (error) {
    leave(iterator);
    if (error === CLOSED) {
      return published;
    }
    throw error;
  } finally {
    tasks?.close();
  }
}

/** Tells the source. Nobody waits for it: it may wait for something itself, and what it says of its end comes too late. */
function leave(iterator: AsyncIterator<unknown>): void {
  try {
    Promise.resolve(iterator.return?.()).catch(noop);
  } catch {
    // It was told.
  }
}

function observe<E>(bus: Sink<E>, source: Observable<BusEvent<E>>, { stop }: Connection): Promise<number> {
  const stopped$ = new Observable<void>((subscriber) =>
    onAbort(stop, () => {
      if (stop.reason === CLOSED) {
        subscriber.next();
      } else {
        subscriber.error(stop.reason);
      }
    }),
  );
  const published$ = source.pipe(
    tap((busEvent) => {
      bus.publish(busEvent);
    }),
    takeUntil(stopped$),
    count(),
  );
  return lastValueFrom(published$, { defaultValue: 0 });
}

function iteratorOf<E>(source: AsyncIterable<E> | ReadableStream<E>): AsyncIterator<E> {
  const stream = source as Partial<ReadableStream<E>> | null | undefined;
  // A stream's own iterator cannot be told to stop while it waits, and some browsers have none.
  if (typeof stream?.getReader === 'function') {
    const reader = (source as ReadableStream<E>).getReader();
    const unlock = (): void => {
      reader.releaseLock();
    };
    // However it ends: by itself, by an error, or cancelled, which may take the source for ever.
    reader.closed.then(unlock, unlock);
    return {
      next: () => reader.read() as Promise<IteratorResult<E>>,
      return: async () => {
        await reader.cancel();
        return { done: true, value: undefined };
      },
    };
  }
  const iterable = source as Partial<AsyncIterable<E>> | null | undefined;
  if (typeof iterable?.[Symbol.asyncIterator] !== 'function') {
    throw new TypeError(`connect: expected an async iterable, a stream or an Observable, got ${show(source)}`);
  }
  return (source as AsyncIterable<E>)[Symbol.asyncIterator]();
}
