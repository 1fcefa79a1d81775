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

/** What is needed of a bus. */
export interface Sink<E> {
  publish(busEvent: BusEvent<E>): void;
  flush(options: { signal: AbortSignal; waitFor: ConnectOptions['waitFor'] }): Promise<void>;
}

/** Under what a library's Observable tells how another library can subscribe to it. */
const INTEROP = '@@observable';

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
  if (isObservable(source)) {
    return observe(bus, source, connection);
  }
  const iterator = iteratorOf(source);
  // What can be pulled can wait.
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
      // As `for await` reads it.
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

function observableOf<E>(source: BusEventSource<E>): Observable<BusEvent<E>> {
  // A symbol that a polyfill may have made since this was loaded, or else the text.
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
    // Not the subscriber itself: what it is beyond an observer is RxJS's own.
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

/** How `source` is pulled; `undefined` where it cannot be. */
function iteratorOf<E>(source: BusEventSource<E>): AsyncIterator<BusEvent<E>> | undefined {
  // A stream's own iterator cannot be told to stop while it waits, and some browsers have none.
  if (has('getReader', source)) {
    const reader = (source as ReadableStream<BusEvent<E>>).getReader();
    return {
      next: async () => {
        let next: IteratorResult<BusEvent<E>> | undefined = undefined;
        try {
          next = (await reader.read()) as IteratorResult<BusEvent<E>>;
          return next;
        } finally {
          // Not when the stream is closed: then its last event may still be on its way.
          if (next?.done !== false) {
            reader.releaseLock();
          }
        }
      },
      return: async () => {
        const cancelled = reader.cancel();
        // To be cancelled may take the source for ever.
        reader.releaseLock();
        await cancelled;
        return { done: true, value: undefined };
      },
    };
  }
  return has(Symbol.asyncIterator, source) ? (source as AsyncIterable<BusEvent<E>>)[Symbol.asyncIterator]() : undefined;
}

type Methods = Readonly<Record<string | symbol, (() => unknown) | undefined>>;

/** Whether `value` has a method of this name. */
function has(name: string | symbol, value: unknown): boolean {
  return typeof (value as Methods | null | undefined)?.[name] === 'function';
}

/** What the method of `value` of this name returns, if there is one. */
function callOf(name: string | symbol, value: unknown): unknown {
  return has(name, value) ? (value as Methods)[name]?.() : undefined;
}
