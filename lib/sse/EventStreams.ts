import { requireFunction } from '../internal/support/require.js';
import { keepSelf, throughProxies } from '../internal/support/throughProxies.js';
import { withoutUndefined } from '../internal/support/withoutUndefined.js';
import type { Event } from '../events/Event.js';
import type { SharingBus } from '../SharingBus.js';
import type { EventStreamOptions } from './EventStreamOptions.js';
import { EventText } from './EventText.js';
import { nodeHeaders, type NodeRequest, type NodeResponse, onGone, requestOf, write } from './nodeHttp.js';
import { RequestError } from './RequestError.js';
import { HEADERS, responseOf, StreamOpener } from './StreamOpener.js';

/**
 * Serves the events of a bus over HTTP as event streams (Server-Sent Events). Each client gets its own bounded receiver.
 *
 * ## Lagging
 *
 * A client that reads slowly fills the queue of its own receiver and loses only its own events. An `event: gap` in the stream tells it how
 * many are missing. Events are taken from the queue only as fast as the socket accepts them, so memory stays bounded.
 *
 * ## Closing
 *
 * When the bus is closed, each client gets the events that wait for it, then `event: end`. After {@link EventStreams.close}, each client
 * gets the events that wait for it, and reconnects later. When a client disconnects, its receiver is disposed at once.
 *
 * @example
 * ```ts
 * const streams = new EventStreams(bus, { filter: EventFilter.all });
 * createServer((request, response) => void streams.handle(request, response)).listen(8080);
 * ```
 */
export class EventStreams<E = Event> implements AsyncDisposable {
  readonly #opener: StreamOpener<E>;

  /**
   * @param bus The bus whose events are served.
   * @param options See {@link EventStreamOptions}.
   * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown, InvalidFilterError or
   * InvalidUuidError if `filter` is malformed.
   */
  constructor(bus: SharingBus<E>, options: EventStreamOptions<E> = {}) {
    keepSelf(this, () => this);
    this.#opener = new StreamOpener(bus, options);
  }

  /** Number of open streams and of requests that `authorize` is deciding about. */
  get size(): number {
    return this.#opener.size;
  }

  /**
   * Answers a request of the web platform: in Hono, Deno, Bun, a service worker, or any other place with `Request` and `Response`.
   *
   * **Details** The promise never rejects; errors become a response with an error status. The stream ends when the body of the response is
   * cancelled or the request's `signal` is aborted.
   *
   * @returns The response to send.
   */
  async respond(request: Request): Promise<Response> {
    return responseOf(await this.#opener.open(request));
  }

  /**
   * Answers a request of `node:http`, of `node:http2`, of Express, or of another framework that uses Node's request and response objects.
   *
   * @returns Resolves when the response has ended. Rejects with `TypeError` if `response` is not a response of Node, and never otherwise.
   */
  async handle(request: NodeRequest, response: NodeResponse): Promise<void> {
    // A framework's own response object, which wraps that of Node, is refused.
    const given = response as Partial<NodeResponse> | null | undefined;
    requireFunction('EventStreams.handle: response.writeHead', given?.writeHead);
    // Only `authorize` is given the request, and may watch its signal.
    const controller = this.#opener.asksApplication ? new AbortController() : undefined;
    let opened: EventText<E> | Response | undefined;
    const client = { isGone: false };
    let isBegun = false;
    const ignore = onGone(request, response, () => {
      client.isGone = true;
      controller?.abort();
      if (opened instanceof EventText) {
        opened.leave();
      }
    });
    try {
      const webRequest = requestOf(request, controller?.signal);
      opened =
        webRequest === undefined
          ? badRequest().toResponse()
          : await this.#opener.open(webRequest, controller !== undefined);
      if (opened instanceof EventText) {
        if (client.isGone) {
          opened.leave();
        }
        response.writeHead(200, HEADERS);
        isBegun = true;
        await write(opened, response);
      } else {
        const body = await opened.text();
        response.writeHead(opened.status, nodeHeaders(opened));
        response.end(body);
      }
    } catch (error) {
      this.#opener.report(error);
      // A response that other code has begun meanwhile is left as it is.
      if (isBegun || !response.headersSent) {
        response.destroy();
      }
    } finally {
      ignore();
      // Ends the stream that was opened for the request.
      controller?.abort();
      if (opened instanceof EventText) {
        opened.leave();
      }
    }
  }

  /**
   * Ends all streams, each after the events that wait for it, and opens no more. Clients reconnect later. A client that reconnects to this
   * server is asked to come back; see the option `busyStatus`.
   *
   * @returns Resolves when no stream is open. A client that has not read its events within `closeMs` is cut off.
   */
  close(): Promise<void> {
    return this.#opener.close();
  }

  /** Same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

withoutUndefined(EventStreams.prototype);
throughProxies(EventStreams);

function badRequest(): RequestError {
  return new RequestError(400, 'the request cannot be read');
}
