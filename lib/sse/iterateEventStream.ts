import { noop, type Subscription } from 'rxjs';
import type { Delivery } from '../receiver.js';
import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { type ClientSettings, clientSettings } from './clientSettings.js';
import { type Chunk, connections } from './connections.js';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';

/**
 * Reads an event stream that `EventStreams` serves, at your own pace: the next piece of it is read only when you ask for the next delivery.
 *
 * **Details** It is `fromEventStream` for a `for await` loop. While your loop is busy, nothing is read, so the events wait in the platform's
 * buffers, then in the client's queue on the server. When that queue is full, you get a gap in the place of the lost events. Each iterator
 * has its own connection, which is opened by the first `next()`. Leaving the loop aborts the request. `onPosition` is called for a delivery
 * when you ask for the next one or leave.
 *
 * **Errors** The loop throws what `fromEventStream` fails with. The call throws as `fromEventStream` does.
 *
 * **Gotchas** The platform and the operating system buffer up to some megabytes before the server notices a slow reader.
 *
 * @example
 * ```ts
 * for await (const delivery of iterateEventStream('/events')) {
 *   await draw(delivery);
 * }
 * ```
 *
 * @param url The address of the stream. A fragment (`#...`) is ignored.
 * @param options See {@link FromEventStreamOptions}.
 * @returns The events, with a gap wherever events are missing.
 */
export function iterateEventStream<E>(
  url: string | { readonly href: string },
  options: FromEventStreamOptions<E> & { readonly parse: (value: unknown) => BusEvent<E> },
): AsyncIterable<Delivery<E>>;
export function iterateEventStream<E extends Event = Event>(
  url: string | { readonly href: string },
  options?: FromEventStreamOptions<E>,
): AsyncIterable<Delivery<E>>;
export function iterateEventStream<E>(
  url: string | { readonly href: string },
  options: FromEventStreamOptions<E> = {},
): AsyncIterable<Delivery<E>> {
  const settings = clientSettings('iterateEventStream', url, options);
  return { [Symbol.asyncIterator]: () => new PulledDeliveries(settings) };
}

/** Settles the wait for the next chunk. */
interface Waiting<E> {
  resolve(chunk: Chunk<E>): void;
  reject(error: unknown): void;
}

/**
 * The deliveries of one stream, each read when it is asked for.
 *
 * Invariant: at most one chunk was read and not delivered, and it was read by a call of `next` that needed it.
 */
class PulledDeliveries<E> implements AsyncIterableIterator<Delivery<E>> {
  readonly #settings: ClientSettings<E>;
  #subscription: Subscription | undefined;
  #chunk: Iterator<Delivery<E>> | undefined;
  #waiting: Waiting<E> | undefined;
  /** Lets the connection read its next piece. */
  #allowRead: () => void = noop;
  #isOver = false;
  /** Whether code of the application may be running inside of the chunk. */
  #isInChunk = false;
  /** Settles when the calls of `next` before have settled. */
  #before: Promise<unknown> = Promise.resolve();

  constructor(settings: ClientSettings<E>) {
    this.#settings = settings;
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** Calls beside each other are served in order. */
  next(): Promise<IteratorResult<Delivery<E>, undefined>> {
    const result = this.#before.then(() => this.#next());
    this.#before = result.catch(noop);
    return result;
  }

  return(): Promise<IteratorResult<Delivery<E>, undefined>> {
    this.#end();
    return Promise.resolve({ done: true, value: undefined });
  }

  async #next(): Promise<IteratorResult<Delivery<E>, undefined>> {
    while (!this.#isOver) {
      const delivery = this.#takeFromChunk();
      if (delivery !== undefined) {
        return { done: false, value: delivery };
      }
      this.#chunk = (await this.#nextChunk())[Symbol.iterator]();
    }
    return { done: true, value: undefined };
  }

  #takeFromChunk(): Delivery<E> | undefined {
    this.#isInChunk = true;
    const next = this.#chunk?.next();
    this.#isInChunk = false;
    return next?.done === false ? next.value : undefined;
  }

  /** Resolves with the next chunk, or with an empty one at the end. */
  #nextChunk(): Promise<Chunk<E>> {
    return new Promise((resolve, reject) => {
      if (this.#isOver) {
        resolve([]);
        return;
      }
      this.#waiting = { resolve, reject };
      if (this.#subscription === undefined) {
        this.#connect();
      } else {
        this.#allowRead();
      }
    });
  }

  #connect(): void {
    const demand = (): Promise<void> =>
      new Promise((resolve) => {
        this.#allowRead = resolve;
        if (this.#waiting !== undefined) {
          resolve();
        }
      });
    this.#subscription = connections(this.#settings, demand).subscribe({
      next: (chunk) => {
        const waiting = this.#waiting;
        this.#waiting = undefined;
        waiting?.resolve(chunk);
      },
      error: (error: unknown) => {
        const waiting = this.#waiting;
        this.#waiting = undefined;
        this.#end();
        waiting?.reject(error);
      },
      complete: () => {
        this.#end();
      },
    });
    if (this.#isOver) {
      this.#subscription.unsubscribe();
    }
  }

  #end(): void {
    this.#isOver = true;
    this.#subscription?.unsubscribe();
    if (!this.#isInChunk) {
      this.#chunk?.return?.();
    }
    this.#chunk = undefined;
    this.#waiting?.resolve([]);
    this.#waiting = undefined;
  }
}
