import { asyncScheduler, type SchedulerLike } from 'rxjs';
import { requireCount, requireFunction, requireOptions, requireSignal } from '../internal/support/require.js';
import type { BusEvent } from '../events/BusEvent.js';
import { readBusEvent } from '../schema/readBusEvent.js';
import { BackOff } from './BackOff.js';
import {
  type EventStreamFetch,
  FROM_EVENT_STREAM_OPTIONS,
  type FromEventStreamOptions,
} from './FromEventStreamOptions.js';
import { platformFetch, requireFetchable } from './platformFetch.js';
import { requirePairs } from './requestHeaders.js';
import { type GivenUrl, isNow, requireUrlLength, streamUrl } from './streamUrl.js';

/** The validated options of a client, with defaults filled in. */
export interface ClientSettings<E> extends Pick<
  FromEventStreamOptions<E>,
  'headers' | 'signal' | 'onStatus' | 'onInvalid' | 'onPosition'
> {
  /** With `filter` and `from` in its query. */
  readonly url: string;
  /** Whether the stream starts with the next event. */
  readonly startsNow: boolean;
  readonly fetch: EventStreamFetch;
  readonly parse: (value: unknown) => BusEvent<E>;
  readonly silenceMs: number;
  readonly maxEventLength: number;
  readonly scheduler: SchedulerLike;
  readonly newBackOff: () => BackOff;
}

/**
 * Validates `url` and `options`. What is wrong is refused at the call: later it would look like a broken connection and be retried forever.
 *
 * @param caller The name of the public function, for errors.
 */
export function clientSettings<E>(
  caller: string,
  url: GivenUrl,
  options: FromEventStreamOptions<E>,
): ClientSettings<E> {
  requireOptions(`${caller}: options`, options, FROM_EVENT_STREAM_OPTIONS);
  const { silenceMs = 45_000, maxEventLength = 2_097_152, maxUrlLength = 8_000, scheduler = asyncScheduler } = options;
  const { parse = readBusEvent as (value: unknown) => BusEvent<E>, retry } = options;
  const { signal, onStatus, onInvalid, onPosition } = options;
  const address = streamUrl(caller, url, options);
  requireCount(`${caller}: silenceMs`, silenceMs);
  requireCount(`${caller}: maxEventLength`, maxEventLength);
  requireCount(`${caller}: maxUrlLength`, maxUrlLength);
  requireUrlLength(caller, address, maxUrlLength);
  requireFunction(`${caller}: parse`, parse);
  requireFunction(`${caller}: scheduler.schedule`, (scheduler as Partial<SchedulerLike> | null)?.schedule);
  requireSignal(`${caller}: signal`, signal);
  for (const name of ['fetch', 'onStatus', 'onInvalid', 'onPosition'] as const) {
    if (options[name] !== undefined) {
      requireFunction(`${caller}: ${name}`, options[name]);
    }
  }
  const headers = requireHeaders(caller, options);
  if (options.fetch === undefined) {
    requireFetchable(`${caller}: url`, address);
  }
  const newBackOff = (): BackOff => new BackOff(retry, scheduler, caller);
  // Validates `retry`.
  newBackOff();
  return {
    url: address,
    startsNow: isNow(options.from),
    fetch: options.fetch ?? platformFetch,
    headers,
    signal,
    parse,
    onStatus,
    onInvalid,
    onPosition,
    silenceMs,
    maxEventLength,
    scheduler,
    newBackOff,
  };
}

/** Validates headers that are given as such, and returns the headers to use. */
function requireHeaders<E>(caller: string, { headers }: FromEventStreamOptions<E>): FromEventStreamOptions['headers'] {
  if (headers === undefined || typeof headers === 'function') {
    return headers;
  }
  const pairs = requirePairs(`${caller}: headers`, headers);
  // An iterator can be read only once, which was now.
  const iterator: unknown = Symbol.iterator in headers && (headers as Iterable<unknown>)[Symbol.iterator]();
  return iterator === headers ? pairs : headers;
}
