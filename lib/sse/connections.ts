import { defer, map, Observable, retry, type Subscriber, throwError, timer } from 'rxjs';
import type { Delivery } from '../receiver.js';
import { show } from '../internal/support/show.js';
import { onAbort } from '../internal/support/abort.js';
import { report } from '../internal/support/report.js';
import { currentZone, outsideOfZone, runIn } from '../internal/support/zone.js';
import type { BackOff } from './BackOff.js';
import { BlockReader, guarded } from './BlockReader.js';
import type { ClientSettings } from './clientSettings.js';
import { type EventBlock, EventBlocks } from './EventBlocks.js';
import { fetchText, RetryableError } from './fetchText.js';
import type { EventStreamStatus } from './FromEventStreamOptions.js';

/** What one piece of text brought. It is read as it is iterated over. */
export type Chunk<E> = Iterable<Delivery<E>>;

/**
 * Reads a stream over all its connections, one after the other, and emits what each piece of text brings.
 *
 * **Details** Cold: each subscription has its own connections. Unsubscribing aborts the request. A chunk that is not iterated to its end
 * must be the last one that is used.
 *
 * @param demand Resolves when the next piece may be read. By then, the chunk before was iterated to its end. Without it, each piece is read
 * at once, and each chunk is iterated while it is emitted.
 */
export function connections<E>(settings: ClientSettings<E>, demand?: () => Promise<void>): Observable<Chunk<E>> {
  return new Observable<Chunk<E>>((subscriber) => {
    const all = new Connections(settings, subscriber, demand);
    outsideOfZone(() => {
      all.start();
    });
  });
}

/** What a piece brought that has no block in it, such as a heartbeat. */
const NOTHING: Chunk<never> = [];

/** How the comment ends that a server sends in place of a stream: it is busy, or is closing. */
const REFUSED = ', try again';

class Connections<E> {
  readonly #settings: ClientSettings<E>;
  readonly #out: Subscriber<Chunk<E>>;
  readonly #reader: BlockReader<E>;
  readonly #backOff: BackOff;
  readonly #demand: (() => Promise<void>) | undefined;
  /** Whether the present connection is open, and whether an earlier one had a stream. */
  #isOpen = false;
  #wasServed = false;
  /** What the present connection has said, until it sends a block. A server that is busy or closing says no more. */
  #said: { retryMs?: number; comment?: string } | undefined;
  /** Why the stream failed. */
  #cause: unknown;
  readonly #zone = currentZone();

  constructor(settings: ClientSettings<E>, out: Subscriber<Chunk<E>>, demand: (() => Promise<void>) | undefined) {
    this.#settings = settings;
    this.#out = out;
    this.#reader = new BlockReader(settings);
    this.#backOff = settings.newBackOff();
    this.#demand =
      demand &&
      (async () => {
        await demand();
        this.#completeAtEnd();
      });
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
            if (chunk === NOTHING) {
              out.next(chunk);
              return;
            }
            this.#enterZone(() => {
              out.next(chunk);
              this.#completeAtEnd();
            });
          },
          error: (error: unknown) => {
            this.#cause = error;
            this.#enterZone(() => {
              out.error(error);
            });
          },
          complete: () => {
            this.#enterZone(() => {
              out.complete();
            });
          },
        }),
      );
    }
  }

  /** Completes if the server has sent `end`. Call it when a chunk was iterated over. */
  #completeAtEnd(): void {
    if (this.#reader.hasEnded) {
      this.#out.complete();
    }
  }

  #connect(): Observable<Chunk<E>> {
    const { url, headers, fetch, silenceMs, scheduler } = this.#settings;
    const isFirst = this.#backOff.attempts === 0;
    this.#backOff.attempts += 1;
    this.#said = {};
    this.#emitStatus({ state: 'connecting' });
    const parse = this.#parser();
    const lastEventId = this.#reader.lastId;
    const demand = this.#demand;
    return fetchText({ url, lastEventId, headers, fetch, isFirst, silenceMs, scheduler, demand }).pipe(
      map((text) => (text === '' ? this.#open() : this.#chunkOf(parse(text)))),
    );
  }

  /** Returns a function that parses the text of one connection into blocks. */
  #parser(): (text: string) => readonly EventBlock[] {
    let found: EventBlock[] = [];
    const blocks = new EventBlocks(this.#settings.maxEventLength, {
      onBlock: (block) => {
        found.push(block);
      },
      onRetry: (retryMs) => {
        this.#said &&= { ...this.#said, retryMs };
        this.#backOff.suggest(retryMs);
      },
      onComment: (comment) => {
        this.#said &&= { ...this.#said, comment };
      },
    });
    return (text) => {
      found = [];
      blocks.feed(text);
      return found;
    };
  }

  #open(): Chunk<E> {
    this.#backOff.opened();
    this.#emitStatus({ state: 'open' });
    this.#isOpen = true;
    const isUnknown = this.#wasServed && this.#reader.lastId === undefined && this.#settings.startsNow;
    // Without an id, it is unknown what was published meanwhile.
    return isUnknown ? this.#reader.loseTrack() : NOTHING;
  }

  #chunkOf(blocks: readonly EventBlock[]): Chunk<E> {
    return blocks.length === 0 ? NOTHING : this.#read(blocks);
  }

  *#read(blocks: readonly EventBlock[]): Generator<Delivery<E>, void> {
    for (const block of blocks) {
      if (this.#out.closed) {
        return;
      }
      this.#said = undefined;
      const isNew = yield* this.#reader.read(block);
      if (isNew) {
        this.#backOff.reset();
      }
    }
  }

  #wait(reason: unknown): Observable<unknown> {
    if (!(reason instanceof RetryableError)) {
      return throwError(() => reason);
    }
    const { retryMs, comment = 'heartbeat' } = (reason.isEnd ? this.#said : undefined) ?? {};
    this.#wasServed ||= this.#isOpen && !comment.endsWith(REFUSED);
    this.#isOpen = false;
    const cause = comment === 'heartbeat' ? reason : explained(reason, comment);
    const retryInMs = this.#backOff.next(reason.retryAfter, reason.date, retryMs);
    if (retryInMs === undefined) {
      return throwError(() => cause);
    }
    this.#emitStatus({ state: 'waiting', retryInMs, cause });
    return timer(retryInMs, this.#settings.scheduler);
  }

  #emitStatus(status: Omit<EventStreamStatus, 'attempt'>): void {
    const { onStatus } = this.#settings;
    if (onStatus !== undefined) {
      this.#enterZone(() => {
        guarded(onStatus, { ...status, attempt: this.#backOff.attempts });
      });
    }
  }

  /** Calls the application in the subscriber's zone, which is entered once for all that `work` does. */
  #enterZone(work: () => void): void {
    runIn(this.#zone, work, report);
  }
}

/** Adds the comment that the server has sent to the reason why a connection ended. */
function explained(cause: RetryableError, comment: string): RetryableError {
  return new RetryableError(`${cause.message}; the server said ${show(comment)}`, cause.status, cause.body, { cause });
}
