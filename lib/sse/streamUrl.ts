import type { BusPosition } from '../receiver.js';
import { show } from '../internal/support/show.js';
import { parseEventFilter } from '../schema/parseEventFilter.js';
import { parsePosition, positionText } from './blocks.js';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';
import { pageUrl } from './platformFetch.js';

/** The URL of a stream, as the caller gave it. */
export type GivenUrl = string | { readonly href: string };

/**
 * Returns the URL of the stream, with `filter` and `from` in its query and without a fragment.
 *
 * @param caller The name of the public function, for errors.
 * @throws TypeError if `url` is not a URL or `from` is malformed, ValidationError if `filter` is not plain data.
 */
export function streamUrl<E>(caller: string, url: GivenUrl, { filter, from }: FromEventStreamOptions<E>): string {
  const href: unknown = typeof url === 'string' ? url : (url as Partial<URL> | null | undefined)?.href;
  if (typeof href !== 'string') {
    throw new TypeError(`${caller}: url: expected a string or a URL, got ${show(url)}`);
  }
  const parameters: [string, string][] = [];
  if (filter !== undefined) {
    parameters.push(['filter', JSON.stringify(parseEventFilter(filter))]);
  }
  if (!isNow(from)) {
    parameters.push(['from', from === 'start' ? from : positionText(requirePosition(caller, from))]);
  }
  const [base = ''] = href.split('#');
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return query === '' ? base : `${base}${base.includes('?') ? '&' : '?'}${query}`;
}

/** The longest id of an event. A resume needs room for it in the URL. */
const LONGEST_POSITION = positionText({ epoch: 'x'.repeat(64), seq: Number.MAX_SAFE_INTEGER });

/**
 * Checks the length of `url` as it travels: its path and its query, percent-encoded, with the id of a resume.
 *
 * @throws RangeError if it has more than `limit` characters. Servers and proxies answer with 414 or 431, or cut the connection.
 */
export function requireUrlLength(caller: string, url: string, limit: number): void {
  const length = lengthOf(resumeUrl(url, LONGEST_POSITION));
  if (length > limit) {
    throw new RangeError(
      `${caller}: url: expected at most ${limit} characters (maxUrlLength), got ${length}, percent-encoded, with filter, from and lastEventId`,
    );
  }
}

function lengthOf(url: string): number {
  try {
    const { pathname, search } = new URL(url, pageUrl() ?? 'http://localhost');
    return pathname.length + search.length;
  } catch {
    return url.length;
  }
}

/** Returns `url` with the id after which the stream resumes. A header would make a request to another origin need a preflight. */
export function resumeUrl(url: string, lastEventId: string | undefined): string {
  if (lastEventId === undefined) {
    return url;
  }
  const [path, query] = splitUrl(url);
  const others = query.split('&').filter((part) => part !== '' && !/^lastEventId(=|$)/.test(part));
  return `${path}?${[...others, `lastEventId=${encodeURIComponent(lastEventId)}`].join('&')}`;
}

function splitUrl(url: string): [path: string, query: string] {
  const at = url.indexOf('?');
  return at === -1 ? [url, ''] : [url.slice(0, at), url.slice(at + 1)];
}

/** Whether the stream starts with the next event. */
export function isNow(from: FromEventStreamOptions['from']): from is 'now' | undefined {
  return from === undefined || from === 'now';
}

function requirePosition(caller: string, from: BusPosition): BusPosition {
  const given = from as BusPosition | null;
  if (given === null || parsePosition(positionText(given)) === undefined) {
    throw new TypeError(`${caller}: from: expected now, start or { epoch, seq }, got ${show(from)}`);
  }
  return from;
}
