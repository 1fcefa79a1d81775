import type { Unsubscribable } from 'rxjs';
import { report } from '../internal/support/report.js';
import { onAbort, unlessAborted } from '../internal/support/abort.js';
import { contain, isPromise } from '../internal/support/promises.js';
import { show } from '../internal/support/show.js';
import { EventFilter, matchesEverything } from '../events/EventFilter.js';
import type { SharingBus } from '../SharingBus.js';
import { block } from './block.js';
import type { EventStreamOptions, EventStreamVerdict } from './EventStreamOptions.js';
import { type EventStreamSettings, eventStreamSettings } from './eventStreamSettings.js';
import { EventText, type EventTextHost } from './EventText.js';
import { gapData, missedOfClosed, UNKNOWN_GAP } from './gapData.js';
import { positionBlock, positionText } from './position.js';
import { type Asked, readRequest, requireEventStreamRequest } from './readRequest.js';
import { RequestError } from './RequestError.js';

/** What every event stream is sent with. */
export const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
};

/** A stream that was opened for a request, or what is answered instead. */
export type Opened<E> = EventText<E> | Response;

/**
 * Decides about requests, and knows the streams that are open.
 *
 * Invariant: a request that is being decided about holds a place, as a stream does, or any number might wait there.
 */
export class StreamOpener<E> {
  readonly #bus: SharingBus<E>;
  readonly #settings: EventStreamSettings<E>;
  readonly #host: Omit<EventTextHost, 'over'>;
  /** Streams that are open, each with its request: the signal of one that nobody holds may be aborted by nothing any more. */
  readonly #open = new Map<EventText<E>, Request>();
  /** Requests that are being decided about, by what they ask for. */
  readonly #deciding = new Map<Asked, Request>();
  #closed: Promise<void> | undefined;
  /** Called when no stream is open any more. */
  #whenEmpty: (() => void) | undefined;

  constructor(bus: SharingBus<E>, options: EventStreamOptions<E>) {
    this.#bus = bus;
    this.#settings = eventStreamSettings(bus, options);
    const { scheduler, heartbeatMs, maxEventBytes, closeMs } = this.#settings;
    this.#host = {
      scheduler,
      heartbeatMs,
      maxEventBytes,
      closeMs,
      position: () => bus.position,
      report: (error) => {
        this.report(error);
      },
    };
  }

  /** Streams that are open, and requests that are being decided about. */
  get size(): number {
    return this.#open.size + this.#deciding.size;
  }

  /** Opens a stream for `request`, or answers it otherwise: at once, where the application decides at once. Never throws, or rejects. */
  open(request: Request): Opened<E> | Promise<Opened<E>> {
    try {
      requireEventStreamRequest(request);
      if (this.#closed !== undefined) {
        throw this.#unavailable('the server is closing');
      }
      if (this.size >= this.#settings.maxConnections) {
        throw this.#unavailable('too many streams are open');
      }
      return this.#decide(request, readRequest(request, this.#settings.maxFilterBytes));
    } catch (error) {
      return this.#refuse(request, error);
    }
  }

  /** Ends all streams, each after what waits for it, and opens no more. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** Tells the application of what went wrong. */
  report(error: unknown): void {
    contain(this.#settings.onError, report, error);
  }

  async #close(): Promise<void> {
    const streams = [...this.#open.keys()];
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
    }, this.#settings.closeMs);
    await empty;
    timer.unsubscribe();
  }

  /** What the application says of it. */
  #verdict(request: Request, { filter }: Asked): EventStreamVerdict<E> | PromiseLike<EventStreamVerdict<E>> {
    const { authorize, filter: served } = this.#settings;
    if (authorize !== undefined) {
      return authorize(request, filter);
    }
    return served === undefined ? false : EventFilter.all;
  }

  #decide(request: Request, asked: Asked): Opened<E> | Promise<Opened<E>> {
    this.#deciding.set(asked, request);
    let isDecided = true;
    try {
      const verdict = this.#verdict(request, asked);
      if (!isPromise(verdict)) {
        return this.#openAs(verdict, request, asked);
      }
      isDecided = false;
      return this.#openWhen(verdict, request, asked);
    } finally {
      if (isDecided) {
        this.#deciding.delete(asked);
      }
    }
  }

  async #openWhen(verdict: PromiseLike<EventStreamVerdict<E>>, request: Request, asked: Asked): Promise<Opened<E>> {
    try {
      return this.#openAs(await unlessAborted(request.signal, Promise.resolve(verdict)), request, asked);
    } catch (error) {
      return this.#refuse(request, error);
    } finally {
      // The stream has its place by now.
      this.#deciding.delete(asked);
    }
  }

  #openAs(verdict: EventStreamVerdict<E>, request: Request, { filter, from }: Asked): Opened<E> {
    if (verdict === false) {
      throw new RequestError(403, 'this is not for you');
    }
    if (verdict instanceof Response) {
      if (verdict.bodyUsed || verdict.status === 0) {
        throw new TypeError('authorize: expected a response that can be sent, got one that was used, or is an error');
      }
      return verdict;
    }
    // Plain JavaScript may forget to return, or say `true`.
    const given: unknown = verdict;
    if (typeof given !== 'object' || given === null) {
      throw new TypeError(`authorize: expected a filter, false or a response, got ${show(given)}`);
    }
    return this.#start(request, allOf<E>(this.#settings.filter ?? EventFilter.all, verdict, filter), from);
  }

  #refuse(request: Request, error: unknown): Response {
    if (error instanceof RequestError) {
      return error.toResponse();
    }
    // What is no `Request`, such as a wrapper of a framework's own, has no signal.
    if ((request as Partial<Request> | undefined)?.signal?.aborted !== true) {
      this.report(error);
    }
    return new RequestError(500, 'the request could not be served').toResponse();
  }

  #start(request: Request, filter: EventFilter<E>, asked: Asked['from']): Opened<E> {
    if (this.#closed !== undefined) {
      throw this.#unavailable('the server is closing');
    }
    const position = this.#bus.position;
    const from = position === undefined ? 'now' : asked;
    const opening = [`retry: ${this.#settings.retryMs}\n\n`];
    if (position === undefined && asked !== 'now') {
      opening.push(block(gapData(UNKNOWN_GAP), { event: 'gap' }));
    } else if (position !== undefined && (from === 'now' || from === 'start')) {
      // So that a client whose connection breaks before its first event can resume.
      opening.push(positionBlock(from === 'now' ? position : { ...position, seq: 0 }));
    }
    const receiver = this.#bus.subscribeFiltered(filter, { ...this.#settings.receiver, from });
    let ignoreSignal: (() => void) | undefined = undefined;
    const stream = new EventText<E>(receiver, opening.join(''), {
      ...this.#host,
      over: () => {
        ignoreSignal?.();
        this.#leave(stream);
      },
    });
    this.#open.set(stream, request);
    ignoreSignal = onAbort(request.signal, () => {
      stream.leave();
    });
    if (!stream.isEmpty) {
      return stream;
    }
    stream.leave();
    const missing = missedOfClosed(asked, position, matchesEverything(filter));
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
    return new RequestError(503, message, { 'Retry-After': `${Math.ceil(this.#settings.retryMs / 1_000)}` });
  }
}

/** What passes every one of `filters`, in as few words as that takes. */
function allOf<E>(...filters: EventFilter<E>[]): EventFilter<E> {
  const [only = EventFilter.all, ...others] = filters.filter(({ type }) => type !== 'all');
  return others.length === 0 ? only : EventFilter.and<E>(only, ...others);
}
