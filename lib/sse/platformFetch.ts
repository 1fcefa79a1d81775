import { show } from '../internal/support/show.js';
import { EventStreamError } from './EventStreamError.js';
import type { EventStreamFetch } from './FromEventStreamOptions.js';

/** The part of a page or a worker that tells where it is. */
interface Page {
  readonly document?: { readonly baseURI?: string };
  readonly location?: { readonly href?: string };
  readonly fetch?: unknown;
}

/** What an error of `fetch` says if no further attempt can succeed, in Node, Bun, Deno and workerd. */
const HOPELESS = new RegExp(
  [
    'redirect count exceeded|too many redirects|redirected too many|TooManyRedirects|maximum number of redirects',
    'unknown scheme|scheme \\S+ (is )?not supported|protocol must be',
    'ERR_INVALID_URL|failed to parse URL|invalid URL|includes credentials',
  ].join('|'),
  'i',
);
/** The longest chain of causes that is looked at. */
const DEPTH = 5;

/** Schemes of pages that no server answers. */
const LOCAL_SCHEME = /^(file|about|data|blob):$/;

/** The URL that a relative URL is resolved with, if there is one. */
export function pageUrl(): string | undefined {
  const { document, location } = globalThis as Page;
  return document?.baseURI ?? location?.href;
}

/**
 * Checks what the platform's `fetch` would refuse at each attempt, in words that differ from platform to platform.
 *
 * @param what The name of the URL, for errors.
 * @throws TypeError if `url` has a user name, a password, or another scheme than HTTP's and the page's own, or if it cannot be parsed.
 */
export function requireFetchable(what: string, url: string): void {
  const parsed = resolved(url, pageUrl());
  if (parsed === undefined) {
    // A relative URL without a page may be passed where the stream is only prepared, as when a page is rendered on a server.
    if (resolved(url, 'http://localhost') === undefined) {
      throw new TypeError(`${what}: expected a URL, got ${show(url)}`);
    }
    return;
  }
  if (parsed.username !== '' || parsed.password !== '') {
    // The message may be logged, so it shows neither.
    throw new TypeError(`${what}: fetch takes no user name and no password in a URL, got some for ${parsed.host}`);
  }
  // The page of an application's shell may have a scheme of its own, which its `fetch` knows.
  const own = resolved(pageUrl() ?? '', undefined)?.protocol ?? '';
  const isKnown = parsed.protocol === 'http:' || parsed.protocol === 'https:';
  if (!isKnown && (parsed.protocol !== own || LOCAL_SCHEME.test(own))) {
    throw new TypeError(`${what}: expected http: or https:, got ${show(parsed.protocol)}`);
  }
}

/** The platform's `fetch`. */
export const platformFetch: EventStreamFetch = async (url, request) => {
  if (typeof (globalThis as Page).fetch !== 'function') {
    throw new EventStreamError('this platform has no fetch; pass one as the option fetch');
  }
  if (resolved(url, pageUrl()) === undefined) {
    throw new EventStreamError(
      `url: expected an absolute URL, since there is no page that ${show(url)} is relative to`,
    );
  }
  return fetch(url, request);
};

/**
 * Returns why the same request can never succeed, if `error` or a cause of it says so. Browsers tell less: there it is a network error.
 */
export function hopelessReason(error: unknown): string | undefined {
  let present = error;
  for (let depth = 0; depth < DEPTH && typeof present === 'object' && present !== null; depth += 1) {
    const { message, code, cause } = present as { message?: unknown; code?: unknown; cause?: unknown };
    const reason = [message, code].filter((part) => typeof part === 'string').join(', ');
    if (HOPELESS.test(reason)) {
      return reason;
    }
    present = cause;
  }
  return undefined;
}

let hasCache: boolean | undefined;

/** Whether the platform's requests have the option `cache`. Those of workerd throw for it at older compatibility dates. */
export function takesCache(): boolean {
  if (hasCache === undefined) {
    try {
      // The types of Node do not declare it.
      const options: object & { method?: string } = { cache: 'no-store' } as object;
      hasCache = new Request('http://localhost/', options).method === 'GET';
    } catch {
      hasCache = false;
    }
  }
  return hasCache;
}

function resolved(url: string, base: string | undefined): URL | undefined {
  try {
    return new URL(url, base);
  } catch {
    return undefined;
  }
}
