import { requireFunction } from '../internal/support/require.js';
import { keepSelf, throughProxies } from '../internal/support/throughProxies.js';
import { withoutUndefined } from '../internal/support/withoutUndefined.js';
import type { Event } from '../events/Event.js';
import type { SharingBus } from '../SharingBus.js';
import type { EventStreamOptions } from './EventStreamOptions.js';
import { EventText } from './EventText.js';
import { nodeHeaders, type NodeRequest, type NodeResponse, onGone, requestOf, write } from './nodeHttp.js';
import { RequestError } from './RequestError.js';
import { responseOf } from './responseOf.js';
import { HEADERS, StreamOpener } from './StreamOpener.js';

/**
 * Serves the events of a bus as event streams (Server-Sent Events), one bounded receiver for each client.
 *
 * ## Lagging
 *
 * A client that reads slowly fills the queue of its own receiver and loses its own events, and is told so by `event: gap` in their
 * place. What its socket does not take is not read from the queue, so no memory grows with it.
 *
 * ## Closing
 *
 * When the bus is closed, each client gets what waits for it, then `event: end`. After {@link EventStreams.close} it gets what
 * waits, and reconnects. A client that goes away frees its slot at once.
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
   * @param bus Whose events are served.
   * @param options See {@link EventStreamOptions}.
   * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad options.
   */
  constructor(bus: SharingBus<E>, options: EventStreamOptions<E> = {}) {
    keepSelf(this, () => this);
    this.#opener = new StreamOpener(bus, options);
  }

  /** Streams that are open, and requests that are being decided about. */
  get size(): number {
    return this.#opener.size;
  }

  /**
   * Answers a request, as it comes in Hono, Deno, Bun, a service worker, or wherever `Request` and `Response` are known.
   *
   * **Details** It never rejects. The stream ends when its body is cancelled, or the request's `signal` is aborted.
   */
  async respond(request: Request): Promise<Response> {
    return responseOf(await this.#opener.open(request));
  }

  /**
   * Answers a request of `node:http`, of Express, or of anything that hands out Node's own objects.
   *
   * @returns Resolves when the response has ended. It rejects for what is no response of Node's, and for nothing else.
   */
  async handle(request: NodeRequest, response: NodeResponse): Promise<void> {
    // A framework's own has Node's within.
    const given = response as Partial<NodeResponse> | null | undefined;
    requireFunction('EventStreams.handle: response.writeHead', given?.writeHead);
    const controller = new AbortController();
    const ignore = onGone(request, response, () => {
      controller.abort();
    });
    let isBegun = false;
    try {
      const asked = requestOf(request, controller.signal);
      const opened = asked === undefined ? badRequest().toResponse() : await this.#opener.open(asked);
      if (opened instanceof EventText) {
        response.writeHead(200, HEADERS);
        isBegun = true;
        await write(opened, response, controller.signal);
      } else {
        const body = await opened.text();
        response.writeHead(opened.status, nodeHeaders(opened));
        response.end(body);
      }
    } catch (error) {
      this.#opener.report(error);
      // What somebody else has answered meanwhile is left alone.
      if (isBegun || !response.headersSent) {
        response.destroy();
      }
    } finally {
      ignore();
      // Whatever was opened for it is left.
      controller.abort();
    }
  }

  /**
   * Ends all streams, each after what waits for it, and takes no more. Clients reconnect.
   *
   * @returns Resolves when none is open. Who does not read what waits, within `closeMs`, is cut off.
   */
  close(): Promise<void> {
    return this.#opener.close();
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

withoutUndefined(EventStreams.prototype);
throughProxies(EventStreams);

function badRequest(): RequestError {
  return new RequestError(400, 'the request cannot be read');
}
