import { Observable } from 'rxjs';
import type { Delivery } from '../receiver.js';
import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { PerSubscription } from '../internal/support/PerSubscription.js';
import { clientSettings } from './clientSettings.js';
import { connections } from './connections.js';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';

/**
 * Reads an event stream that `EventStreams` serves, in a browser or in Node. It reconnects when the connection breaks.
 *
 * **Details** The observable is cold: each subscription has its own connection, and unsubscribing aborts it. After a break it resumes after
 * the last event, so no event is missing or comes twice. Events that the server no longer has are reported as a gap. The stream completes
 * when the bus is closed or `signal` is aborted. With zone.js, requests and timers run outside of the subscriber's zone, and handlers run
 * in it, once for each piece of text that arrives.
 *
 * **Errors** The stream fails with {@link EventStreamError} if another attempt cannot help (the response is not an event stream, has a status
 * of 4xx other than 408, 425 and 429, or the request cannot be sent), and after the last attempt if `retry` limits them. The call throws
 * `ValidationError` if `filter` is not plain data, `RangeError` if a number is out of range or the URL is too long, and `TypeError` if the
 * URL, a header or an option cannot be used, or an option is unknown.
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
  const settings = clientSettings('fromEventStream', url, options);
  return new PerSubscription(
    () =>
      new Observable<Delivery<E>>((subscriber) =>
        connections(settings).subscribe({
          next: (chunk) => {
            for (const delivery of chunk) {
              subscriber.next(delivery);
            }
          },
          error: (error: unknown) => {
            subscriber.error(error);
          },
          complete: () => {
            subscriber.complete();
          },
        }),
      ),
  );
}
