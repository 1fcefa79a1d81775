import type { NativeObservable, BusEventSource, ConnectOptions } from '../../options.js';
import {
  count,
  isObservable,
  lastValueFrom,
  noop,
  Observable,
  type Observer,
  takeUntil,
  tap,
  type Unsubscribable,
} from 'rxjs';
import type { BusEvent } from '../../events/BusEvent.js';
import { onAbort, unlessAborted } from '../support/abort.js';
import { show } from '../support/show.js';
import type { Tasks } from '../support/Tasks.js';

/** The part of a bus that is used. */
export interface Sink<E> {
  publish(busEvent: BusEvent<E>): void;
  flush(options: { signal: AbortSignal; waitFor: ConnectOptions['waitFor'] }): Promise<void>;
}

/** The method by which an Observable of another library can be subscribed to, in engines without `Symbol.observable`. */
const INTEROP = '@@observable';

/**
 * Other tasks run after this many events. It is half of a receiver's default capacity, so that a receiver that is read in each task keeps
 * up.
 */
const EVENTS_IN_A_TASK = 128;

/** Options and state of one call of `connect`. */
interface Connection {
  /** Number of events between two flushes. */
  readonly window: number;
  readonly waitFor: ConnectOptions['waitFor'];
  /** Aborted if the connection ends before its source. With the reason {@link CLOSED}, it has ended without an error. */
  readonly stop: AbortSignal;
  /** `undefined` in virtual time, in which no tasks of the platform run. */
  readonly tasks?: Tasks | undefined;
}

/** The reason for which a connection is aborted when its bus is closed. */
export const CLOSED = new Error('the bus was closed');

/**
 * Publishes the events of `source`. Resolves with their number.
 *
 * @throws TypeError if `source` is not a source.
 */
export function connectTo<E>(bus: Sink<E>, source: BusEventSource<E>, connection: Connection): Promise<number> {
  if (isObservable(source)) {
    return observe(bus, source, connection);
  }
  const iterator = iteratorOf(source);
  // Pulling is preferred, since a pulled source can wait.
  return iterator === undefined ? observe(bus, observableOf(source), connection) : pull(bus, iterator, connection);
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
      const isDone: unknown = next.done;
      // Any truthy value counts, as in `for await`.
      if (Boolean(isDone)) {
        return published;
      }
      stop.throwIfAborted();
      bus.publish(next.value as BusEvent<E>);
      published += 1;
      if (published % window === 0) {
        await bus.flush({ signal: stop, waitFor });
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

/** Tells the source to stop, without waiting for it: it may wait for something itself, and its errors come too late. */
function leave(iterator: AsyncIterator<unknown>): void {
  try {
    Promise.resolve(iterator.return?.()).catch(noop);
  } catch {
    // The source was told to stop.
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

function observableOf<E>(source: BusEventSource<E>): Observable<BusEvent<E>> {
  // Read at each call, since a polyfill may have added the symbol after this module was loaded.
  const { observable = INTEROP } = Symbol as { readonly observable?: symbol };
  const native = callOf(observable, source) ?? callOf(INTEROP, source) ?? source;
  if (!has('subscribe', native)) {
    throw new TypeError(`connect: expected an async iterable, a stream or an Observable, got ${show(source)}`);
  }
  return new Observable((subscriber) => {
    const controller = new AbortController();
    subscriber.add(() => {
      controller.abort();
    });
    // Not the subscriber itself, which has further methods of RxJS.
    const observer: Observer<BusEvent<E>> = {
      next: (busEvent) => {
        subscriber.next(busEvent);
      },
      error: (error) => {
        subscriber.error(error);
      },
      complete: () => {
        subscriber.complete();
      },
    };
    const subscription = (native as NativeObservable<BusEvent<E>>).subscribe(observer, { signal: controller.signal });
    if (has('unsubscribe', subscription)) {
      subscriber.add(subscription as Unsubscribable);
    }
  });
}

/** An iterator over `source`. `undefined` if `source` cannot be pulled. */
function iteratorOf<E>(source: BusEventSource<E>): AsyncIterator<BusEvent<E>> | undefined {
  // A web stream's own iterator cannot be stopped while it waits, and some browsers do not have it.
  if (has('getReader', source)) {
    const reader = (source as ReadableStream<BusEvent<E>>).getReader();
    return {
      next: async () => {
        let next: IteratorResult<BusEvent<E>> | undefined = undefined;
        try {
          next = (await reader.read()) as IteratorResult<BusEvent<E>>;
          return next;
        } finally {
          // Not in `reader.closed`: when it resolves, the last event may not have been read yet.
          if (next?.done !== false) {
            reader.releaseLock();
          }
        }
      },
      return: async () => {
        const cancelled = reader.cancel();
        // The lock is released before the cancellation has finished, which may never happen.
        reader.releaseLock();
        await cancelled;
        return { done: true, value: undefined };
      },
    };
  }
  return has(Symbol.asyncIterator, source) ? (source as AsyncIterable<BusEvent<E>>)[Symbol.asyncIterator]() : undefined;
}

type Methods = Readonly<Record<string | symbol, (() => unknown) | undefined>>;

/** Whether `value` has a method with this name. */
function has(name: string | symbol, value: unknown): boolean {
  return typeof (value as Methods | null | undefined)?.[name] === 'function';
}

/** Calls the method of `value` with this name, if there is one, and returns its result. */
function callOf(name: string | symbol, value: unknown): unknown {
  return has(name, value) ? (value as Methods)[name]?.() : undefined;
}
