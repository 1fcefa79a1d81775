import { show } from '../internal/support/show.js';
import { EventStreamError } from './EventStreamError.js';
import type { EventStreamHeaders, FromEventStreamOptions } from './FromEventStreamOptions.js';

type Pair = readonly [name: string, value: string];

/**
 * Returns `headers` as pairs.
 *
 * @throws TypeError if they are not headers, or have a name or a value that cannot be sent. It does not show values: they may be secret.
 */
export function requirePairs(what: string, headers: EventStreamHeaders): Pair[] {
  const given: unknown = headers;
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`${what} must be an object, got ${show(given)}`);
  }
  const pairs =
    Symbol.iterator in given ? [...(given as Iterable<Pair>)] : Object.entries(given as Record<string, string>);
  for (const [name, value] of pairs) {
    if (!isSendable(name, '')) {
      throw new TypeError(`${what}: ${show(name)} is not a name of a header`);
    }
    if (typeof value !== 'string' || !isSendable(name, value)) {
      throw new TypeError(`${what}: the value of ${show(name)} cannot be sent`);
    }
  }
  return pairs;
}

/**
 * Returns the headers of the next request.
 *
 * @param isResuming Whether the URL has the id to resume from.
 * @param isFirst Whether it is the first request.
 * @throws EventStreamError for headers that cannot be sent, and for a function that throws, or whose promise rejects at the first request.
 */
export async function readHeaders(
  headers: FromEventStreamOptions['headers'],
  isResuming: boolean,
  isFirst: boolean,
): Promise<Record<string, string>> {
  const pairs = await currentPairs(headers, isFirst);
  // The server prefers the header, and here the URL has the newer id.
  const others = pairs.filter(([name]) => !isResuming || name.toLowerCase() !== 'last-event-id');
  return { Accept: 'text/event-stream', ...Object.fromEntries(others) };
}

async function currentPairs(headers: FromEventStreamOptions['headers'] = {}, isFirst: boolean): Promise<Pair[]> {
  let given: EventStreamHeaders | Promise<EventStreamHeaders>;
  try {
    given = typeof headers === 'function' ? headers() : headers;
  } catch (error) {
    throw refused(error);
  }
  let awaited: EventStreamHeaders;
  try {
    awaited = await given;
  } catch (error) {
    // Later, the network may be away that a new token comes from, and the next attempt may succeed.
    throw isFirst ? refused(error) : error;
  }
  try {
    return requirePairs('headers', awaited);
  } catch (error) {
    throw refused(error);
  }
}

function refused(cause: unknown): EventStreamError {
  const message = cause instanceof Error ? cause.message : String(cause);
  return new EventStreamError(`there are no headers to send: ${message}`, undefined, '', { cause });
}

function isSendable(name: unknown, value: string): boolean {
  try {
    new Headers([[String(name), value]]);
    return typeof name === 'string';
  } catch {
    return false;
  }
}
