import {
  asyncScheduler,
  defer,
  ignoreElements,
  map,
  Observable,
  retry,
  type SchedulerLike,
  takeWhile,
  throwError,
  timeout,
  timer,
} from 'rxjs';
import type { BusPosition, Delivery } from '../receiver.js';
import { onAbort } from '../internal/support/abort.js';
import {
  type OptionNames,
  requireCount,
  requireFunction,
  requireOptions,
  requireSignal,
  requireType,
} from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { parseBusEvent } from '../schema/parseBusEvent.js';
import { parseEventFilter } from '../schema/parseEventFilter.js';
import { BackOff } from './BackOff.js';
import { BlockReader, guarded } from './BlockReader.js';
import { EventBlocks } from './EventBlocks.js';
import { fetchText, RetryableError } from './fetchText.js';
import type { EventStreamFetch, EventStreamStatus, FromEventStreamOptions } from './FromEventStreamOptions.js';
import { UNKNOWN_GAP } from './gapData.js';
import { parsePosition, positionText } from './blocks.js';

const OPTIONS: OptionNames<FromEventStreamOptions> = {
  filter: true,
  from: true,
  fetch: true,
  headers: true,
  signal: true,
  retry: true,
  parse: true,
  onStatus: true,
  onInvalid: true,
  onPosition: true,
  silenceMs: true,
  maxEventLength: true,
  scheduler: true,
};

/**
 * Reads an event stream that `EventStreams` serves, in a browser or in Node. It reconnects when the connection breaks.
 *
 * **Details** The observable is cold: each subscription has its own connection, and unsubscribing aborts it. After a break it resumes after
 * the last event, so no event is missing or comes twice. Events that the server no longer has are reported as a gap. The stream completes
 * when the bus is closed or `signal` is aborted.
 *
 * **Errors** The stream fails with {@link EventStreamError} if another attempt cannot help (the response is not an event stream, or has a
 * status of 4xx other than 408, 425 and 429), and after the last attempt if `retry` limits them. The call throws `ValidationError` if
 * `filter` is not plain data, `RangeError` if a number is out of range, and `TypeError` if an option has the wrong type or is unknown.
 *
 * **Gotchas** A stream of a bus without a history cannot resume: each break is a gap of unknown size.
 *
 * @example
 * ```ts
 * fromEventStream('/events', { filter: EventFilter.scrollId(id) }).subscribe((delivery) => {
 *   console.log(delivery.type === 'gap' ? `${delivery.missed} missing` : delivery.event);
 * });
 * ```
 *
 * @param url The address of the stream. A fragment (`#...`) is ignored.
 * @param options See {@link FromEventStreamOptions}.
 * @returns The events, with a gap wherever events are missing.
 */
export function fromEventStream<E>(
  url: string | { readonly href: string },
  options: FromEventStreamOptions<E> & { readonly parse: (value: unknown) => BusEvent<E> },
): Observable<Delivery<E>>;
export function fromEventStream<E extends Event = Event>(
  url: string | { readonly href: string },
  options?: FromEventStreamOptions<E>,
): Observable<Delivery<E>>;
export function fromEventStream<E>(
  url: string | { readonly href: string },
  options: FromEventStreamOptions<E> = {},
): Observable<Delivery<E>> {
  requireOptions('fromEventStream: options', options, OPTIONS);
  const { silenceMs = 45_000, maxEventLength = 2_097_152, scheduler = asyncScheduler } = options;
  const address = addressOf(hrefOf(url), options);
  requireCount('fromEventStream: silenceMs', silenceMs);
  requireCount('fromEventStream: maxEventLength', maxEventLength);
  const { parse = parseBusEvent as (value: unknown) => BusEvent<E> } = options;
  requireFunction('fromEventStream: parse', parse);
  requireWorkable(options, scheduler);
  // Invalid `retry` options are refused at the call.
  const newBackOff = (): BackOff => new BackOff(options.retry, scheduler);
  newBackOff();
  return new Observable<Delivery<E>>((subscriber) => {
    const backOff = newBackOff();
    const reader = new BlockReader<E>(subscriber, {
      parse,
      onInvalid: options.onInvalid,
      onPosition: options.onPosition,
    });
    const emitStatus = (status: Omit<EventStreamStatus, 'attempt'>): void => {
      guarded(options.onStatus, { ...status, attempt: backOff.attempts });
    };
    let wasOpen = false;
    const onOpen = (): void => {
      emitStatus({ state: 'open' });
      if (wasOpen && reader.lastId === undefined && isNow(options.from)) {
        // Without an id, it is unknown what was published meanwhile.
        subscriber.next(UNKNOWN_GAP);
      }
      wasOpen = true;
    };
    function wait(reason: unknown): Observable<unknown> {
      const retryInMs = reason instanceof RetryableError ? backOff.next(reason.retryAfter, reason.date) : undefined;
      if (retryInMs === undefined) {
        return throwError(() => reason);
      }
      emitStatus({ state: 'waiting', retryInMs, cause: reason });
      return timer(retryInMs, scheduler);
    }
    const attempt$ = defer(() => {
      backOff.attempts += 1;
      emitStatus({ state: 'connecting' });
      const blocks = new EventBlocks(maxEventLength, {
        onBlock: (block) => {
          if (reader.read(block)) {
            backOff.reset();
          }
        },
        onRetry: (milliseconds) => {
          backOff.suggest(milliseconds);
        },
        onComment: () => {
          backOff.reset();
        },
      });
      return fetchText({
        url: address,
        lastEventId: reader.lastId,
        headers: options.headers,
        fetch: fetchOf(options),
      }).pipe(
        timeout({ each: silenceMs, scheduler, with: () => throwError(() => silent(silenceMs)) }),
        map((text) => {
          if (text === '') {
            onOpen();
          } else {
            blocks.feed(text);
          }
          return !reader.hasEnded;
        }),
        takeWhile((goesOn) => goesOn),
      );
    });
    let cause: unknown;
    // Added first, so it runs when all else has ended.
    subscriber.add(() => {
      emitStatus({ state: 'closed', ...(cause !== undefined && { cause }) });
    });
    subscriber.add(
      onAbort(options.signal, () => {
        subscriber.complete();
      }),
    );
    if (subscriber.closed) {
      return;
    }
    subscriber.add(
      attempt$.pipe(ignoreElements(), retry({ delay: wait })).subscribe({
        error: (error: unknown) => {
          cause = error;
          subscriber.error(error);
        },
        complete: () => {
          subscriber.complete();
        },
      }),
    );
  });
}

/** Validates options that would otherwise fail later, which would look like a broken connection and be retried forever. */
function requireWorkable<E>(options: FromEventStreamOptions<E>, scheduler: SchedulerLike): void {
  const { signal, headers } = options;
  requireFunction('fromEventStream: scheduler.schedule', (scheduler as Partial<SchedulerLike> | null)?.schedule);
  requireSignal('fromEventStream: signal', signal);
  for (const name of ['fetch', 'onStatus', 'onInvalid', 'onPosition'] as const) {
    if (options[name] !== undefined) {
      requireFunction(`fromEventStream: ${name}`, options[name]);
    }
  }
  if (headers !== undefined && typeof headers !== 'function') {
    requireType('fromEventStream: headers', 'object', headers);
  }
}

function hrefOf(url: string | { readonly href: string }): string {
  const href: unknown = typeof url === 'string' ? url : (url as Partial<URL> | null | undefined)?.href;
  if (typeof href !== 'string') {
    throw new TypeError(`fromEventStream: url: expected a string or a URL, got ${show(url)}`);
  }
  return href;
}

/** The URL of the stream, with `filter` and `from` in its query. A relative URL is resolved by the platform's `fetch`. */
function addressOf<E>(url: string, { filter, from }: FromEventStreamOptions<E>): string {
  const parameters: [string, string][] = [];
  if (filter !== undefined) {
    parameters.push(['filter', JSON.stringify(parseEventFilter(filter))]);
  }
  if (!isNow(from)) {
    parameters.push(['from', from === 'start' ? from : positionText(requirePosition(from))]);
  }
  const [base = ''] = url.split('#');
  const query = parameters.map(([name, value]) => `${name}=${encodeURIComponent(value)}`).join('&');
  return query === '' ? base : `${base}${base.includes('?') ? '&' : '?'}${query}`;
}

function isNow(from: FromEventStreamOptions['from']): from is 'now' | undefined {
  return from === undefined || from === 'now';
}

function requirePosition(from: BusPosition): BusPosition {
  const given = from as BusPosition | null;
  if (given === null || parsePosition(positionText(given)) === undefined) {
    throw new TypeError(`fromEventStream: from: expected now, start or { epoch, seq }, got ${show(from)}`);
  }
  return from;
}

function fetchOf<E>({ fetch: given }: FromEventStreamOptions<E>): EventStreamFetch {
  return given ?? ((url, request) => fetch(url, request));
}

function silent(silenceMs: number): RetryableError {
  return new RetryableError(`the server sent nothing for ${silenceMs} ms`);
}
