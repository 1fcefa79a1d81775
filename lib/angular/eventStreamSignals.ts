import { computed } from '@angular/core';
import { type Observable, tap } from 'rxjs';
import type { Event } from '../events/Event.js';
import { type OptionNames, requireOptions } from '../internal/support/require.js';
import type { BusPosition, Delivery } from '../receiver.js';
import { fromEventStream } from '../sse/fromEventStream.js';
import type { EventStreamStatus, FromEventStreamOptions } from '../sse/FromEventStreamOptions.js';
import { Changes } from './Changes.js';
import type { Kept } from './Kept.js';
import type { EventStreamSignals } from './signals.js';
import type { Site } from './Site.js';

/** The address of an event stream. */
export type EventStreamAddress = string | { readonly href: string };

/** An event stream, and what may be different for each of a page's streams. */
export interface EventStreamTarget<E = Event> extends Pick<FromEventStreamOptions<E>, 'filter' | 'from' | 'headers'> {
  readonly url: EventStreamAddress;
}

/** Which stream: an address, or an address with a filter and a start; or a function or signal of one, with `undefined` for no stream. */
export type EventStreamSource<E = Event> =
  EventStreamAddress | EventStreamTarget<E> | (() => EventStreamAddress | EventStreamTarget<E> | undefined);

/** The public overloads ask for a `parse` if `E` is not `Event`. So do those of injectEventStream. */
type AnyStream<E> = (url: EventStreamAddress, options: FromEventStreamOptions<E>) => Observable<Delivery<E>>;

const TARGET: OptionNames<EventStreamTarget> = { url: true, filter: true, from: true, headers: true };

/** What the page says until its first attempt, and what the server says. */
const CONNECTING: EventStreamStatus = { state: 'connecting', attempt: 1 };

/** Makes the signals of an event stream that is there as long as `site` and `source` want. */
export function eventStreamSignals<E, T>(
  site: Site,
  source: EventStreamSource<E>,
  options: FromEventStreamOptions<E>,
  empty: () => Kept<Delivery<E>, T>,
): EventStreamSignals<T> {
  if (typeof source !== 'function') {
    targetOf(source);
  }
  // Two, so that a change of the connection does not change the value.
  const deliveries = new Changes();
  const connection = new Changes();
  let kept = site.outside(empty);
  let isFresh = true;
  let status: EventStreamStatus | undefined;
  let position: BusPosition | undefined;
  let error: unknown;

  const restart = (): void => {
    if (!isFresh) {
      kept = empty();
      deliveries.changed();
    }
    isFresh = true;
    status = undefined;
    position = undefined;
    error = undefined;
    connection.changed();
  };
  const fail = (thrown: unknown): void => {
    error = thrown;
    connection.changed();
    site.report(thrown);
  };
  const open = (target: EventStreamTarget<E>): (() => void) => {
    isFresh = false;
    const { url, filter = options.filter, from = options.from, headers = options.headers } = target;
    const delivery$ = (fromEventStream as AnyStream<E>)(url, {
      ...options,
      filter,
      from,
      headers,
      // The result is passed on, since the function may be asynchronous.
      onStatus: (next) => {
        status = next;
        connection.changed();
        return options.onStatus?.(next);
      },
      onPosition: (reached) => {
        position = reached;
        connection.changed();
        return options.onPosition?.(reached);
      },
    });
    const subscription = delivery$.pipe(tap(kept.take)).subscribe({
      next: () => {
        deliveries.changed();
      },
      error: fail,
    });
    return () => {
      subscription.unsubscribe();
    };
  };
  site.follow(
    source,
    (wanted) => {
      restart();
      return wanted === undefined ? () => undefined : open(targetOf(wanted));
    },
    (thrown) => {
      restart();
      fail(thrown);
    },
  );
  // Without a subscription, a function decides whether there would be a stream.
  const before = computed(() =>
    (typeof source === 'function' ? source() : source) === undefined ? undefined : CONNECTING,
  );
  return {
    value: deliveries.signalOf(
      () => kept.value(),
      () => false,
    ),
    status: connection.signalOf(() => status ?? (site.isLive ? undefined : before())),
    position: connection.signalOf(() => position),
    error: connection.signalOf(() => error),
  };
}

function targetOf<E>(wanted: EventStreamAddress | EventStreamTarget<E>): EventStreamTarget<E> {
  if (isAddress(wanted)) {
    return { url: wanted };
  }
  requireOptions('injectEventStream: source', wanted, TARGET);
  return wanted;
}

function isAddress(wanted: unknown): wanted is EventStreamAddress {
  return typeof wanted === 'string' || (typeof wanted === 'object' && wanted !== null && 'href' in wanted);
}
