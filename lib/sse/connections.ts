import { defer, map, Observable, retry, type Subscriber, throwError, timeout, timer } from 'rxjs';
import type { Delivery } from '../receiver.js';
import { onAbort } from '../internal/support/abort.js';
import type { BackOff } from './BackOff.js';
import { BlockReader, guarded } from './BlockReader.js';
import type { ClientSettings } from './clientSettings.js';
import { type EventBlock, EventBlocks } from './EventBlocks.js';
import { fetchText, RetryableError } from './fetchText.js';
import type { EventStreamStatus } from './FromEventStreamOptions.js';
import { UNKNOWN_GAP } from './gapData.js';

/** What one piece of text brought. It is read as it is iterated over. */
export type Chunk<E> = Iterable<Delivery<E>>;

/**
 * Reads a stream over all its connections, one after the other, and emits what each piece of text brings.
 *
 * **Details** Cold: each subscription has its own connections. Unsubscribing aborts the request. A chunk that is not iterated to its end
 * must be the last one that is used.
 */
export function connections<E>(settings: ClientSettings<E>): Observable<Chunk<E>> {
  return new Observable<Chunk<E>>((subscriber) => {
    new Connections(settings, subscriber).start();
  });
}

class Connections<E> {
  readonly #settings: ClientSettings<E>;
  readonly #out: Subscriber<Chunk<E>>;
  readonly #reader: BlockReader<E>;
  readonly #backOff: BackOff;
  #wasOpen = false;
  /** Why the stream failed. */
  #cause: unknown;

  constructor(settings: ClientSettings<E>, out: Subscriber<Chunk<E>>) {
    this.#settings = settings;
    this.#out = out;
    this.#reader = new BlockReader(settings);
    this.#backOff = settings.newBackOff();
  }

  start(): void {
    const out = this.#out;
    // Added first, so it runs when all else has ended.
    out.add(() => {
      this.#emitStatus({ state: 'closed', ...(this.#cause !== undefined && { cause: this.#cause }) });
    });
    out.add(
      onAbort(this.#settings.signal, () => {
        out.complete();
      }),
    );
    if (!out.closed) {
      const chunk$ = defer(() => this.#connect()).pipe(retry({ delay: (reason) => this.#wait(reason) }));
      out.add(
        chunk$.subscribe({
          next: (chunk) => {
            out.next(chunk);
            if (this.#reader.hasEnded) {
              out.complete();
            }
          },
          error: (error: unknown) => {
            this.#cause = error;
            out.error(error);
          },
          complete: () => {
            out.complete();
          },
        }),
      );
    }
  }

  #connect(): Observable<Chunk<E>> {
    const { url, headers, fetch, silenceMs, scheduler } = this.#settings;
    this.#backOff.attempts += 1;
    this.#emitStatus({ state: 'connecting' });
    const parse = this.#parser();
    return fetchText({ url, lastEventId: this.#reader.lastId, headers, fetch }).pipe(
      timeout({ each: silenceMs, scheduler, with: () => throwError(() => silent(silenceMs)) }),
      map((text) => (text === '' ? this.#open() : this.#read(parse(text)))),
    );
  }

  /** Returns a function that parses the text of one connection into blocks. */
  #parser(): (text: string) => readonly EventBlock[] {
    let found: EventBlock[] = [];
    const blocks = new EventBlocks(this.#settings.maxEventLength, {
      onBlock: (block) => {
        found.push(block);
      },
      onRetry: (milliseconds) => {
        this.#backOff.suggest(milliseconds);
      },
      onComment: () => {
        this.#backOff.reset();
      },
    });
    return (text) => {
      found = [];
      blocks.feed(text);
      return found;
    };
  }

  *#open(): Generator<Delivery<E>, void> {
    this.#emitStatus({ state: 'open' });
    const isUnknown = this.#wasOpen && this.#reader.lastId === undefined && this.#settings.startsNow;
    this.#wasOpen = true;
    if (isUnknown) {
      // Without an id, it is unknown what was published meanwhile.
      yield UNKNOWN_GAP;
    }
  }

  *#read(blocks: readonly EventBlock[]): Generator<Delivery<E>, void> {
    for (const block of blocks) {
      if (this.#out.closed) {
        return;
      }
      const hasWorked = yield* this.#reader.read(block);
      if (hasWorked) {
        this.#backOff.reset();
      }
    }
  }

  #wait(reason: unknown): Observable<unknown> {
    const retryInMs = reason instanceof RetryableError ? this.#backOff.next(reason.retryAfter, reason.date) : undefined;
    if (retryInMs === undefined) {
      return throwError(() => reason);
    }
    this.#emitStatus({ state: 'waiting', retryInMs, cause: reason });
    return timer(retryInMs, this.#settings.scheduler);
  }

  #emitStatus(status: Omit<EventStreamStatus, 'attempt'>): void {
    guarded(this.#settings.onStatus, { ...status, attempt: this.#backOff.attempts });
  }
}

function silent(silenceMs: number): RetryableError {
  return new RetryableError(`the server sent nothing for ${silenceMs} ms`);
}
