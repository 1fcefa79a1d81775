import { asyncScheduler, noop, Observable, type SchedulerLike, type Subscriber, type Unsubscribable } from 'rxjs';
import { show } from '../internal/support/show.js';
import { SteadyClock } from '../internal/support/SteadyClock.js';
import { EventStreamError } from './EventStreamError.js';
import type { EventStreamFetch, EventStreamRequest, FromEventStreamOptions } from './FromEventStreamOptions.js';
import { hopelessReason, takesCache } from './platformFetch.js';
import { readHeaders } from './requestHeaders.js';
import { resumeUrl } from './streamUrl.js';

interface RetryableOptions {
  readonly retryAfter?: string | null;
  readonly date?: string | null;
  readonly isEnd?: boolean;
  readonly cause?: unknown;
}

/** An error that may not occur at the next attempt. */
export class RetryableError extends EventStreamError {
  /** The header `Retry-After` of the response. */
  readonly retryAfter: string | null;
  /** The header `Date` of the response: the time on the server's clock. */
  readonly date: string | null;
  /** Whether the server has ended the response in order. */
  readonly isEnd: boolean;

  constructor(message: string, status?: number, body = '', options: RetryableOptions = {}) {
    const { retryAfter = null, date = null, isEnd = false, ...others } = options;
    super(message, status, body, others);
    this.retryAfter = retryAfter;
    this.date = date;
    this.isEnd = isEnd;
  }
}

/** How many characters of the body of an error response are kept for the message. */
const LONGEST_BODY = 500;
/** How long the body of an error response is read, and how long each piece of it is waited for, in milliseconds. It is for the message. */
const BODY_MS = 1_000;
const PIECE_MS = 100;

/** The platforms' types of a body differ. */
type Part = { readonly done?: false; readonly value: Uint8Array } | { readonly done: true; readonly value?: unknown };
interface Reader {
  read(): Promise<Part>;
  cancel(): Promise<unknown>;
}

/** A request for an event stream. */
export interface TextRequest {
  readonly url: string;
  /** The id after which the stream resumes. */
  readonly lastEventId: string | undefined;
  readonly fetch: EventStreamFetch;
  readonly headers: FromEventStreamOptions['headers'];
  /** Whether it is the first attempt. A promise of headers that rejects then is a mistake, and later perhaps a network that is away. */
  readonly isFirst: boolean;
  /** The longest wait for the response, and for each piece of its text, in milliseconds. */
  readonly silenceMs: number;
  readonly scheduler: SchedulerLike;
  /** Resolves when the next piece may be read. Without it, each piece is read at once. */
  readonly demand?: (() => Promise<void>) | undefined;
}

/**
 * Sends a request and emits the text of the response as it arrives. It emits an empty text first, once the response is known to be an event
 * stream.
 *
 * **Details** It completes if the server answers 204, and fails otherwise, with {@link RetryableError} if another attempt may succeed.
 * Unsubscribing aborts the request and cancels the body, in case `fetch` has dropped the signal.
 */
export function fetchText(request: TextRequest): Observable<string> {
  return new Observable<string>((subscriber) => {
    new Transfer(request, subscriber).start();
  });
}

/** One request and its response. */
class Transfer {
  readonly #request: TextRequest;
  readonly #out: Subscriber<string>;
  readonly #controller = new AbortController();
  #reader: Reader | undefined;
  #timer: Unsubscribable | undefined;
  readonly #clock: SteadyClock;
  /** When the present wait for the server has begun. */
  #waitsSince = 0;

  constructor(request: TextRequest, out: Subscriber<string>) {
    this.#request = request;
    this.#clock = new SteadyClock(request.scheduler);
    this.#out = out;
  }

  start(): void {
    this.#out.add(() => {
      this.#timer?.unsubscribe();
      this.#controller.abort();
      cancel(this.#reader);
    });
    this.#limitSilence();
    this.#run().catch((error: unknown) => {
      this.#out.error(error instanceof EventStreamError ? error : broken(error));
    });
  }

  async #run(): Promise<void> {
    const response = await this.#send();
    if (response === undefined) {
      return;
    }
    this.#reader = readerOf(response);
    const { status } = response;
    if (status === 204) {
      this.#out.complete();
      return;
    }
    if (status !== 200) {
      throw refusal(response, await this.#beginning());
    }
    const type = response.headers.get('content-type') ?? 'nothing';
    if (!/^text\/event-stream\s*(;|$)/i.test(type)) {
      const message = `content-type: expected text/event-stream, got ${type}`;
      throw new EventStreamError(message, 200, await this.#beginning());
    }
    this.#out.next('');
    await this.#readAll();
    throw new RetryableError('the stream ended without an end event', undefined, '', { isEnd: true });
  }

  #isOver(): boolean {
    return this.#out.closed;
  }

  /** Returns the response, or `undefined` if it came too late. */
  async #send(): Promise<Response | undefined> {
    const { url, lastEventId, fetch, headers: given, isFirst } = this.#request;
    const headers = await readHeaders(given, lastEventId !== undefined, isFirst);
    if (this.#isOver()) {
      return undefined;
    }
    const { signal } = this.#controller;
    const request: EventStreamRequest = { method: 'GET', headers, signal, ...(takesCache() && { cache: 'no-store' }) };
    const response = requireResponse(await sent(fetch(resumeUrl(url, lastEventId), request)));
    if (this.#isOver()) {
      cancel(readerOf(response));
      return undefined;
    }
    return response;
  }

  async #readAll(): Promise<void> {
    const decoder = new TextDecoder();
    for (let part = await this.#read(); part !== undefined && part.done !== true; part = await this.#read()) {
      const text = decoder.decode(part.value, { stream: true });
      if (text !== '') {
        this.#out.next(text);
      }
    }
  }

  /** Reads the next piece when it is asked for. `undefined` if there is none, or if the subscription has ended. */
  async #read(): Promise<Part | undefined> {
    const { demand } = this.#request;
    if (demand === undefined) {
      // The timer stays as it is, since setting one for each piece would take longer than reading it.
      this.#waitsSince = this.#clock.read();
    } else {
      this.#timer?.unsubscribe();
      await demand();
      if (this.#isOver()) {
        return undefined;
      }
      this.#limitSilence();
    }
    return this.#reader?.read();
  }

  /** Ends the connection when the server has sent nothing for too long, from now on. */
  #limitSilence(): void {
    const { silenceMs } = this.#request;
    this.#waitsSince = this.#clock.read();
    const look = (): void => {
      const leftMs = this.#waitsSince + silenceMs - this.#clock.read();
      // A timer may ring a little early.
      if (leftMs >= 1) {
        this.#limit(leftMs, look);
      } else {
        this.#out.error(new RetryableError(`the server sent nothing for ${silenceMs} ms`));
      }
    };
    this.#limit(silenceMs, look);
  }

  /** Calls `act` after `milliseconds`, in place of what was to be called before. */
  #limit(milliseconds: number, act: () => void): void {
    this.#timer?.unsubscribe();
    this.#timer = this.#request.scheduler.schedule(act, milliseconds);
  }

  /** The beginning of the body, which may be endless, or never come. */
  #beginning(): Promise<string> {
    const decoder = new TextDecoder();
    let text = '';
    let idle: Unsubscribable | undefined;
    return new Promise((resolve) => {
      const finish = (): void => {
        idle?.unsubscribe();
        resolve(text.slice(0, LONGEST_BODY));
      };
      const readPart = (): Promise<Part> | undefined => {
        idle?.unsubscribe();
        // Real time: the status has decided, and a test with virtual time need not let it pass.
        idle = asyncScheduler.schedule(finish, PIECE_MS);
        return this.#reader?.read();
      };
      const readAll = async (): Promise<void> => {
        for (let part = await readPart(); part !== undefined && part.done !== true; part = await readPart()) {
          text += decoder.decode(part.value, { stream: true });
          if (text.length > LONGEST_BODY) {
            return;
          }
        }
      };
      this.#out.add(finish);
      this.#limit(Math.min(BODY_MS, this.#request.silenceMs), finish);
      // If the body breaks off, the text so far is enough.
      readAll().then(finish, finish);
    });
  }
}

/** The error for a response that is not a stream. */
function refusal({ status, headers }: Response, body: string): EventStreamError {
  const message = `the server answered ${status}${body === '' ? '' : `: ${body}`}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new RetryableError(message, status, body, {
      retryAfter: headers.get('retry-after'),
      date: headers.get('date'),
    });
  }
  return new EventStreamError(message, status, body);
}

async function sent(answer: Promise<Response>): Promise<Response> {
  try {
    return await answer;
  } catch (error) {
    const reason = hopelessReason(error);
    if (reason !== undefined) {
      throw new EventStreamError(`the request cannot be sent: ${reason}`, undefined, '', { cause: error });
    }
    throw error;
  }
}

/** A `fetch` of the application may return anything. */
function requireResponse(response: Response): Response {
  const { status, body, bodyUsed } = Object(response) as Partial<Response>;
  if (typeof status !== 'number') {
    throw new EventStreamError(`fetch: expected a Response, got ${show(response)}`);
  }
  if (bodyUsed === true || body?.locked === true) {
    throw new EventStreamError(
      'fetch: expected a Response whose body was not read, got one whose body is in use',
      status,
    );
  }
  return response;
}

function cancel(reader: Reader | undefined): void {
  reader?.cancel().catch(noop);
}

function broken(error: unknown): RetryableError {
  return new RetryableError(`the connection failed: ${messageOf(error)}`, undefined, '', { cause: error });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function readerOf({ body }: Response): Reader | undefined {
  return body?.getReader();
}
