import type { BusPosition } from '../receiver.js';
import { show } from '../internal/support/show.js';
import { EventFilter } from '../events/EventFilter.js';
import { parseEventFilter } from '../schema/parseEventFilter.js';
import { ValidationError } from '../schema/ValidationError.js';
import { acceptsEventStream } from './accepts.js';
import { byteLength } from './byteLength.js';
import { parsePosition } from './position.js';
import { RequestError } from './RequestError.js';

/** What a request asks for. */
export interface Asked {
  readonly filter: EventFilter<unknown>;
  readonly from: 'now' | 'start' | BusPosition;
}

/** @throws RequestError where it is no request for an event stream. */
export function requireEventStreamRequest(request: Request): void {
  if (request.method !== 'GET') {
    throw new RequestError(405, 'an event stream is read by GET', { Allow: 'GET' });
  }
  if (!acceptsEventStream(request.headers.get('accept'))) {
    throw new RequestError(406, 'only text/event-stream is served here');
  }
}

/** @throws RequestError for what is malformed, or too long. */
export function readRequest(request: Request, maxFilterBytes: number): Asked {
  const query = new URL(request.url).searchParams;
  return { filter: readFilter(only(query, 'filter'), maxFilterBytes), from: readFrom(request, query) };
}

function readFilter(text: string | undefined, maxBytes: number): EventFilter<unknown> {
  if (text === undefined) {
    return EventFilter.all;
  }
  if (byteLength(text, maxBytes) > maxBytes) {
    throw new RequestError(414, `a filter may have at most ${maxBytes} bytes`);
  }
  try {
    return parseEventFilter(JSON.parse(text));
  } catch (error) {
    if (error instanceof ValidationError) {
      throw new RequestError(400, error.message, {}, error.issues);
    }
    throw new RequestError(400, `the filter is no JSON: ${show(text)}`);
  }
}

function readFrom(request: Request, query: URLSearchParams): Asked['from'] {
  const resumed = nonEmpty(request.headers.get('last-event-id')) ?? nonEmpty(only(query, 'lastEventId'));
  if (resumed !== undefined) {
    return requirePosition('Last-Event-ID', resumed);
  }
  const from = only(query, 'from') ?? 'now';
  return from === 'now' || from === 'start' ? from : requirePosition('from', from);
}

function requirePosition(what: string, text: string): BusPosition {
  const position = parsePosition(text);
  if (position === undefined) {
    throw new RequestError(400, `${what}: expected <epoch>:<number>, got ${show(text)}`);
  }
  return position;
}

function only(query: URLSearchParams, name: string): string | undefined {
  const values = query.getAll(name);
  if (values.length > 1) {
    throw new RequestError(400, `${name} is given ${values.length} times`);
  }
  return values[0];
}

function nonEmpty(text: string | null | undefined): string | undefined {
  return text === null || text === '' ? undefined : text;
}
