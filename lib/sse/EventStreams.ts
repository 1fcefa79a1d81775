import { asyncScheduler, type Unsubscribable } from 'rxjs';
import type { BusPosition } from '../BusReceiver.js';
import type { Gap } from '../Delivery.js';
import { onAbort } from '../internal/support/onAbort.js';
import { report } from '../internal/receiving/Mailbox.js';
import { requireCount } from '../internal/support/requireCount.js';
import { requireFunction } from '../internal/support/requireFunction.js';
import { unlessAborted } from '../internal/support/unlessAborted.js';
import type { Event } from '../protocol/Event.js';
import { EventFilter } from '../protocol/EventFilter.js';
import type { SharingBus } from '../SharingBus.js';
import { block } from './block.js';
import type { EventStreamOptions, EventStreamReceiverOptions } from './EventStreamOptions.js';
import { type AskedReceiver, EventText, type EventTextHost, positionBlock } from './EventText.js';
import { gapData, UNKNOWN_GAP } from './gapData.js';
import { nodeHeaders, type NodeRequest, type NodeResponse, onGone, requestOf, write } from './nodeHttp.js';
import { positionText } from './position.js';
import { type Asked, readRequest, requireEventStreamRequest } from './readRequest.js';
import { RequestError } from './RequestError.js';

const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

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
  readonly #bus: SharingBus<E>;
  readonly #options: EventStreamOptions<E>;
  readonly #receiverOptions: EventStreamReceiverOptions<E>;
  readonly #host: Omit<EventTextHost, 'over'>;
  readonly #retryMs: number;
  readonly #maxConnections: number;
  readonly #maxFilterBytes: number;
  readonly #closeMs: number;
  readonly #open = new Set<EventText<E>>();
  /** Requests that are being decided about. They hold a place, or any number might wait there. */
  #deciding = 0;
  #closed: Promise<void> | undefined;
  /** Called when no stream is open, for one who waits for it. */
  #whenEmpty: (() => void) | undefined;

  /**
   * @param bus Whose events are served.
   * @param options See {@link EventStreamOptions}.
   * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for options that are none.
   */
  constructor(bus: SharingBus<E>, options: EventStreamOptions<E> = {}) {
    const { capacity, overflow, key, barrier, reserve, stallAfterMs, name } = options;
    const { filter, authorize, onError, scheduler = asyncScheduler } = options;
    this.#bus = bus;
    this.#options = options;
    this.#receiverOptions = { capacity, overflow, key, barrier, reserve, stallAfterMs, name };
    // It makes no receiver, and refuses what none can be made with.
    void bus.stream(filter, this.#receiverOptions);
    if (overflow === 'latest' && bus.position !== undefined) {
      throw new TypeError('EventStreams: latest changes the order, which a bus with a history resumes by');
    }
    for (const [what, value] of Object.entries({ authorize, onError })) {
      if (value !== undefined) {
        requireFunction(`EventStreams: ${what}`, value);
      }
    }
    const count = (what: 'heartbeatMs' | 'retryMs' | CountOption, fallback: number): number =>
      requireCount(`EventStreams: ${what}`, options[what] ?? fallback);
    this.#retryMs = count('retryMs', 2_000);
    this.#maxConnections = count('maxConnections', 1_000);
    this.#maxFilterBytes = count('maxFilterBytes', 8_192);
    this.#closeMs = count('closeMs', 5_000);
    this.#host = {
      scheduler,
      heartbeatMs: count('heartbeatMs', 15_000),
      maxEventBytes: count('maxEventBytes', 1_048_576),
      closeMs: this.#closeMs,
      position: () => bus.position,
      report: (error) => {
        this.#report(error);
      },
    };
  }

  /** Streams that are open, and requests that are being decided about. */
  get size(): number {
    return this.#open.size + this.#deciding;
  }

  /**
   * Answers a request, as it comes in Hono, Deno, Bun, a service worker, or wherever `Request` and `Response` are known.
   *
   * **Details** It never rejects. The stream ends when its body is cancelled, or the request's `signal` is aborted.
   */
  async respond(request: Request): Promise<Response> {
    const opened = await this.#answer(request);
    return opened instanceof EventText ? new Response(opened.toReadableStream(), { headers: HEADERS }) : opened;
  }

  /**
   * Answers a request of `node:http`, of Express, or of anything that hands out Node's own objects.
   *
   * @returns Resolves when the response has ended. It never rejects.
   */
  async handle(request: NodeRequest, response: NodeResponse): Promise<void> {
    const controller = new AbortController();
    const ignore = onGone(request, response, () => {
      controller.abort();
    });
    let isBegun = false;
    try {
      const asked = requestOf(request, controller.signal);
      const opened = asked === undefined ? badRequest().toResponse() : await this.#answer(asked);
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
      this.#report(error);
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
    return (this.#closed ??= this.#close());
  }

  /** The same as `close`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #close(): Promise<void> {
    const streams = [...this.#open];
    if (streams.length === 0) {
      return;
    }
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    streams.forEach((stream) => {
      stream.close();
    });
    const timer: Unsubscribable = this.#host.scheduler.schedule(() => {
      streams.forEach((stream) => {
        stream.leave();
      });
    }, this.#closeMs);
    await empty;
    timer.unsubscribe();
  }

  async #answer(request: Request): Promise<EventText<E> | Response> {
    try {
      requireEventStreamRequest(request);
      if (this.#closed !== undefined) {
        throw this.#unavailable('the server is closing');
      }
      if (this.size >= this.#maxConnections) {
        throw this.#unavailable('too many streams are open');
      }
      const asked = readRequest(request, this.#maxFilterBytes);
      // The place is kept until the stream has it: requests that come in one piece are read in one turn.
      this.#deciding += 1;
      try {
        const filter = await this.#decide(request, asked);
        return filter instanceof Response ? filter : this.#start(request, filter, asked.from);
      } finally {
        this.#deciding -= 1;
      }
    } catch (error) {
      if (error instanceof RequestError) {
        return error.toResponse();
      }
      if (!request.signal.aborted) {
        this.#report(error);
      }
      return new RequestError(500, 'the request could not be served').toResponse();
    }
  }

  /** The filter to serve, or a response of the application's. */
  async #decide(request: Request, { filter }: Asked): Promise<EventFilter<E> | Response> {
    const { authorize, filter: served } = this.#options;
    if (authorize === undefined) {
      if (served === undefined) {
        throw forbidden();
      }
      return allOf<E>(served, filter);
    }
    const work = Promise.resolve(authorize(request, filter));
    const verdict = await unlessAborted(request.signal, work);
    if (verdict === false) {
      throw forbidden();
    }
    if (verdict instanceof Response) {
      if (verdict.bodyUsed || verdict.status === 0) {
        throw new TypeError('authorize: expected a response that can be sent, got one that was used, or is an error');
      }
      return verdict;
    }
    return allOf<E>(served ?? EventFilter.all, verdict, filter);
  }

  #start(request: Request, filter: EventFilter<E>, asked: Asked['from']): EventText<E> | Response {
    if (this.#closed !== undefined) {
      throw this.#unavailable('the server is closing');
    }
    const position = this.#bus.position;
    const from = position === undefined ? 'now' : asked;
    const opening = [`retry: ${this.#retryMs}\n\n`];
    if (position === undefined && asked !== 'now') {
      opening.push(block(gapData(UNKNOWN_GAP), { event: 'gap' }));
    } else if (position !== undefined && (from === 'now' || from === 'start')) {
      // So that a client whose connection breaks before its first event can resume.
      opening.push(positionBlock(from === 'now' ? position : { ...position, seq: 0 }));
    }
    const receiver = this.#bus.subscribeFiltered(filter, { ...this.#receiverOptions, from }) as AskedReceiver<E>;
    let ignoreSignal: (() => void) | undefined = undefined;
    const stream = new EventText<E>(receiver, opening.join(''), {
      ...this.#host,
      over: () => {
        ignoreSignal?.();
        this.#leave(stream);
      },
    });
    this.#open.add(stream);
    ignoreSignal = onAbort(request.signal, () => {
      stream.leave();
    });
    if (!stream.isEmpty) {
      return stream;
    }
    stream.leave();
    const missing = missedOfClosed(asked, position, filter.type === 'all');
    if (missing === undefined) {
      // What makes an EventSource give up, too.
      return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });
    }
    const id = position && positionText(position);
    const text = block(gapData(missing), { event: 'gap', id }) + block('{}', { event: 'end' });
    return new Response(text, { status: 200, headers: HEADERS });
  }

  #leave(stream: EventText<E>): void {
    this.#open.delete(stream);
    if (this.#open.size === 0) {
      this.#whenEmpty?.();
    }
  }

  #unavailable(message: string): RequestError {
    return new RequestError(503, message, { 'Retry-After': `${Math.ceil(this.#retryMs / 1_000)}` });
  }

  #report(error: unknown): void {
    try {
      this.#options.onError?.(error);
    } catch (thrown) {
      report(thrown);
    }
  }
}

type CountOption = 'maxConnections' | 'maxFilterBytes' | 'maxEventBytes' | 'closeMs';

/** What passes every one of `filters`, in as few words as that takes. */
function allOf<E>(...filters: EventFilter<E>[]): EventFilter<E> {
  const [only = EventFilter.all, ...others] = filters.filter(({ type }) => type !== 'all');
  return others.length === 0 ? only : EventFilter.and<E>(only, ...others);
}

/** What one misses who comes back when the bus is closed: it gives nothing any more, though it may retain it. */
function missedOfClosed(asked: Asked['from'], last: BusPosition | undefined, isExact: boolean): Gap | undefined {
  if (asked === 'now') {
    return undefined;
  }
  const from = asked === 'start' ? { epoch: last?.epoch, seq: 0 } : asked;
  if (last === undefined || from.epoch !== last.epoch) {
    return UNKNOWN_GAP;
  }
  const missed = last.seq - from.seq;
  const gap = { type: 'gap', missed, byKind: { '*': missed } } as const;
  return missed <= 0 ? undefined : isExact ? gap : { ...gap, atMost: true };
}

function forbidden(): RequestError {
  return new RequestError(403, 'this is not for you');
}

function badRequest(): RequestError {
  return new RequestError(400, 'the request cannot be read');
}
