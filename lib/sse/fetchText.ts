import { EventStreamError } from './EventStreamError.js';
import { Observable, type Subscriber } from 'rxjs';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';
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

/** A request for an event stream. */
export interface TextRequest {
  readonly url: string;
  /** The id after which the stream resumes. */
  readonly lastEventId: string | undefined;
  readonly fetch: Exclude<FromEventStreamOptions['fetch'], undefined>;
  readonly headers: FromEventStreamOptions['headers'];
}

/**
 * Sends a request and emits the text of the response as it arrives. It emits an empty text first, once the response is known to be an event
 * stream.
 *
 * **Details** It completes if the server answers 204, and fails otherwise, with {@link RetryableError} if another attempt may succeed.
 * Unsubscribing aborts the request.
 */
export function fetchText(request: TextRequest): Observable<string> {
  return new Observable<string>((subscriber) => {
    const controller = new AbortController();
    subscriber.add(() => {
      controller.abort();
    });
    read(request, controller.signal, subscriber).catch((error: unknown) => {
      subscriber.error(error instanceof EventStreamError ? error : broken(error));
    });
  });
}

async function read(request: TextRequest, signal: AbortSignal, subscriber: Subscriber<string>): Promise<void> {
  const headers = await headersOf(request);
  signal.throwIfAborted();
  const url = resumeUrl(request.url, request.lastEventId);
  const response = await request.fetch(url, { method: 'GET', headers, signal, cache: 'no-store' });
  if (response.status === 204) {
    subscriber.complete();
    return;
  }
  if (response.status !== 200) {
    throw await refusal(response);
  }
  const type = response.headers.get('content-type') ?? 'nothing';
  if (!/^text\/event-stream\s*(;|$)/i.test(type)) {
    throw new EventStreamError(`content-type: expected text/event-stream, got ${type}`, 200);
  }
  subscriber.next('');
  const reader = bodyOf(response)?.getReader();
  const decoder = new TextDecoder();
  for (let part = await reader?.read(); part?.done === false && !subscriber.closed; part = await reader?.read()) {
    const text = decoder.decode(part.value, { stream: true });
    if (text !== '') {
      subscriber.next(text);
    }
  }
  throw new RetryableError('the stream ended without an end event', undefined, '', { isEnd: true });
}

async function headersOf({ headers, lastEventId }: TextRequest): Promise<Record<string, string>> {
  const given = typeof headers === 'function' ? await headers() : (headers ?? {});
  const pairs = Symbol.iterator in given ? [...(given as Iterable<readonly [string, string]>)] : Object.entries(given);
  // The server prefers the header, and here the URL has the newer id.
  const others = pairs.filter(([name]) => lastEventId === undefined || name.toLowerCase() !== 'last-event-id');
  return { Accept: 'text/event-stream', ...Object.fromEntries(others) };
}

async function refusal(response: Response): Promise<EventStreamError> {
  const { status, headers } = response;
  const body = await beginningOf(response);
  const message = `the server answered ${status}${body === '' ? '' : `: ${body}`}`;
  if (status === 408 || status === 425 || status === 429 || status >= 500) {
    return new RetryableError(message, status, body, {
      retryAfter: headers.get('retry-after'),
      date: headers.get('date'),
    });
  }
  return new EventStreamError(message, status, body);
}

/** The beginning of the body, which may be endless. */
async function beginningOf(response: Response): Promise<string> {
  const reader = bodyOf(response)?.getReader();
  const decoder = new TextDecoder();
  let text = '';
  try {
    for (let part = await reader?.read(); part?.done === false; part = await reader?.read()) {
      text += decoder.decode(part.value, { stream: true });
      if (text.length > LONGEST_BODY) {
        break;
      }
    }
    await reader?.cancel();
  } catch {
    // The text so far is enough.
  }
  return text.slice(0, LONGEST_BODY);
}

function broken(error: unknown): RetryableError {
  const message = error instanceof Error ? error.message : String(error);
  return new RetryableError(`the connection failed: ${message}`, undefined, '', { cause: error });
}

/** The types of Node do not declare the chunks of a body. */
function bodyOf({ body }: Response): ReadableStream<Uint8Array> | null {
  return body as ReadableStream<Uint8Array> | null;
}
