import type { BusPosition } from '../receiver.js';
import { show } from '../internal/support/show.js';
import { EventFilter } from '../events/EventFilter.js';
import { parseEventFilter } from '../schema/parseEventFilter.js';
import { ValidationError } from '../schema/ValidationError.js';
import { parsePosition } from './blocks.js';
import { RequestError } from './RequestError.js';

/** What a request asks for: which events, and from where. */
export interface StreamRequest {
  readonly filter: EventFilter<unknown>;
  readonly from: 'now' | 'start' | BusPosition;
}

/**
 * Stands for an id that this server has not sent: that of a server of another kind, or of another version. No bus has this epoch, so the
 * stream begins with a gap of unknown size. A refusal would end the client for good.
 */
const ELSEWHERE: BusPosition = { epoch: '', seq: 0 };

/** @throws RequestError if the method is not GET or `Accept` excludes event streams. */
export function requireEventStreamRequest(request: Request): void {
  if (request.method !== 'GET') {
    throw new RequestError(405, 'method: expected GET', { Allow: 'GET' });
  }
  if (!acceptsEventStream(request.headers.get('accept'))) {
    throw new RequestError(406, 'only text/event-stream is served here');
  }
}

/** @throws RequestError if a parameter is malformed, too long or given twice. */
export function readRequest(request: Request, maxFilterBytes: number): StreamRequest {
  const { searchParams: query, search } = new URL(request.url);
  const filter = only(query, 'filter');
  const length = filter === undefined ? 0 : lengthInUrl(search, 'filter');
  if (length > maxFilterBytes) {
    throw new RequestError(414, `filter: expected at most ${maxFilterBytes} bytes in the URL, got ${length}`);
  }
  return { filter: readFilter(filter), from: readFrom(request, query) };
}

/** The length of a parameter's value as it travels: percent-encoded, so each character is one byte. */
function lengthInUrl(search: string, name: string): number {
  const pair = search
    .slice(1)
    .split('&')
    .find((one) => new URLSearchParams(one).has(name));
  return pair === undefined ? 0 : pair.length - pair.indexOf('=') - 1;
}

function readFilter(text: string | undefined): EventFilter<unknown> {
  if (text === undefined) {
    return EventFilter.all;
  }
  try {
    return parseEventFilter(JSON.parse(text));
  } catch (error) {
    if (error instanceof ValidationError) {
      throw new RequestError(400, error.message, {}, error.issues);
    }
    throw new RequestError(400, `filter: expected JSON, got ${show(text)}`);
  }
}

function readFrom(request: Request, query: URLSearchParams): StreamRequest['from'] {
  const resumed = nonEmpty(request.headers.get('last-event-id')) ?? nonEmpty(only(query, 'lastEventId'));
  if (resumed !== undefined) {
    return parsePosition(resumed) ?? ELSEWHERE;
  }
  const from = only(query, 'from') ?? 'now';
  if (from === 'now' || from === 'start') {
    return from;
  }
  const position = parsePosition(from);
  if (position === undefined) {
    throw new RequestError(400, `from: expected now, start or <epoch>:<number>, got ${show(from)}`);
  }
  return position;
}

function only(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) {
    throw new RequestError(400, `${name}: expected one value, got ${values.length}`);
  }
  return values[0];
}

function nonEmpty(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}

/** Whether an `Accept` header allows `text/event-stream`. The most specific range that fits decides. */
export function acceptsEventStream(accept: string | null): boolean {
  if (accept === null || accept.trim() === '') {
    return true;
  }
  const ranges = accept.toLowerCase().split(',').map(parseRange);
  for (const fitting of ['text/event-stream', 'text/*', '*/*']) {
    const range = ranges.find(({ type }) => type === fitting);
    if (range !== undefined) {
      return range.quality > 0;
    }
  }
  return false;
}

function parseRange(text: string): { readonly type: string; readonly quality: number } {
  const [type = '', ...parameters] = text.split(';').map((part) => part.trim());
  const quality = parameters.find((parameter) => parameter.startsWith('q='));
  return { type, quality: quality === undefined ? 1 : Number(quality.slice(2)) };
}
