import type { Unsubscribable } from 'rxjs';
import { report } from '../internal/support/report.js';
import { onAbort, unlessAborted } from '../internal/support/abort.js';
import { contain, isPromise } from '../internal/support/promises.js';
import { type OptionNames, requireOptions, requireSignal, requireType } from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import { EventFilter } from '../events/EventFilter.js';
import type { SharingBus } from '../SharingBus.js';
import { block, comment, positionBlock, retryBlock } from './blocks.js';
import type { EventStreamAccess, EventStreamOptions, EventStreamVerdict } from './EventStreamOptions.js';
import { eventStreamSettings, type EventStreamSettings } from './eventStreamSettings.js';
import { EventText } from './EventText.js';
import { gapData, UNKNOWN_GAP } from './gapData.js';
import { readRequest, requireEventStreamRequest, type StreamRequest } from './readRequest.js';
import { RequestError } from './RequestError.js';
import { type OpenStream, StreamHost } from './StreamHost.js';
import { webStreamOf } from './webStreamOf.js';

/** The headers of every event stream. */
export const HEADERS = {
  'Content-Type': 'text/event-stream; charset=utf-8',
  'Cache-Control': 'no-store, no-transform',
  'X-Accel-Buffering': 'no',
  // Keeps compressors away that ignore `no-transform` and hold back what they have compressed.
  'Content-Encoding': 'identity',
};

const ACCESS: OptionNames<EventStreamAccess> = { filter: true, signal: true };

/** What a stream holds that ends with a signal. */
interface Held {
  /** In Node, the signal of a request that is not referenced may no longer be aborted. */
  readonly request: Request;
  /** Remove the listeners from the signals. */
  readonly ignoreSignals: readonly (() => void)[];
}

/** What a request asks for, and whether its signal ends the stream. */
interface Wanted extends StreamRequest {
  readonly isWatched: boolean;
}

/** The stream for a request, or the response to send instead. */
export type Opened<E> = EventText<E> | Response;

/**
 * Decides about requests and keeps track of the open streams.
 *
 * Invariant: a request that `authorize` is deciding about counts towards `maxConnections`, so that their number is bounded, too.
 */
export class StreamOpener<E> {
  readonly #bus: SharingBus<E>;
  readonly #settings: EventStreamSettings<E>;
  readonly #host: StreamHost<E>;
  /** The open streams. */
  readonly #open = new Map<OpenStream, Held | undefined>();
  /** Requests that `authorize` is deciding about. */
  readonly #deciding = new Map<Wanted, Request>();
  #closed: Promise<void> | undefined;
  /** Called when the last stream has ended. */
  #whenEmpty: (() => void) | undefined;

  constructor(bus: SharingBus<E>, options: EventStreamOptions<E>) {
    this.#bus = bus;
    this.#settings = eventStreamSettings(bus, options);
    const { scheduler, heartbeatMs, maxEventBytes, closeMs } = this.#settings;
    this.#host = new StreamHost<E>({
      scheduler,
      heartbeatMs,
      maxEventBytes,
      closeMs,
      position: () => bus.position,
      report: (error) => {
        this.report(error);
      },
      over: (stream) => {
        this.#leave(stream);
      },
    });
  }

  /** Number of open streams and of requests that `authorize` is deciding about. */
  get size(): number {
    return this.#open.size + this.#deciding.size;
  }

  /** Whether the application is given each request, and may watch its signal. */
  get asksApplication(): boolean {
    return this.#settings.authorize !== undefined;
  }

  /**
   * Opens a stream for `request`, or returns another response. Returns a promise only if `authorize` does. Never throws or rejects.
   *
   * @param isWatched Whether the signal of `request` ends the stream. If not, the caller ends it, and the request is not kept.
   */
  open(request: Request, isWatched = true): Opened<E> | Promise<Opened<E>> {
    try {
      requireEventStreamRequest(request);
      if (this.#closed !== undefined) {
        return this.#comeBack('closing');
      }
      if (this.size >= this.#settings.maxConnections) {
        return this.#comeBack('busy');
      }
      const wanted = { ...readRequest(request, this.#settings.maxFilterBytes), isWatched };
      return this.#decide(request, wanted);
    } catch (error) {
      return this.#refuse(request, error);
    }
  }

  /** Ends all streams, each after the events that wait for it, and opens no more. */
  close(): Promise<void> {
    return (this.#closed ??= this.#close());
  }

  /** Passes an error to the application's `onError`. */
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
    const timer: Unsubscribable = this.#host.options.scheduler.schedule(() => {
      streams.forEach((stream) => {
        stream.leave();
      });
    }, this.#settings.closeMs);
    await empty;
    timer.unsubscribe();
  }

  /** The application's decision. */
  #verdict(request: Request, { filter }: StreamRequest): EventStreamVerdict<E> | PromiseLike<EventStreamVerdict<E>> {
    const { authorize, filter: served } = this.#settings;
    if (authorize !== undefined) {
      return authorize(request, filter);
    }
    return served === undefined ? false : EventFilter.all;
  }

  #decide(request: Request, wanted: Wanted): Opened<E> | Promise<Opened<E>> {
    this.#deciding.set(wanted, request);
    let isDecided = true;
    try {
      const verdict = this.#verdict(request, wanted);
      if (!isPromise(verdict)) {
        return this.#openAs(verdict, request, wanted);
      }
      isDecided = false;
      return this.#openWhen(verdict, request, wanted);
    } finally {
      if (isDecided) {
        this.#deciding.delete(wanted);
      }
    }
  }

  async #openWhen(verdict: PromiseLike<EventStreamVerdict<E>>, request: Request, wanted: Wanted): Promise<Opened<E>> {
    try {
      return this.#openAs(await unlessAborted(request.signal, Promise.resolve(verdict)), request, wanted);
    } catch (error) {
      return this.#refuse(request, error);
    } finally {
      // The stream, if one was opened, is counted by now.
      this.#deciding.delete(wanted);
    }
  }

  #openAs(verdict: EventStreamVerdict<E>, request: Request, wanted: Wanted): Opened<E> {
    if (verdict instanceof Response) {
      if (verdict.bodyUsed || verdict.status === 0) {
        throw new TypeError('authorize: expected a response that can be sent, got one that was used or is an error');
      }
      return verdict;
    }
    const access = accessOf(verdict);
    if (access === undefined) {
      throw new RequestError(403, 'access denied');
    }
    const filter = allOf<E>(this.#settings.filter ?? EventFilter.all, access.filter, wanted.filter);
    return this.#start(request, filter, wanted, access.signal);
  }

  #refuse(request: Request, error: unknown): Response {
    if (error instanceof RequestError) {
      return error.toResponse();
    }
    // A value that is not a `Request`, such as a framework's wrapper, has no signal.
    if ((request as Partial<Request> | undefined)?.signal?.aborted !== true) {
      this.report(error);
    }
    return new RequestError(500, 'the request could not be served').toResponse();
  }

  #start(
    request: Request,
    filter: EventFilter<E>,
    { from: wanted, isWatched }: Wanted,
    access: AbortSignal | undefined,
  ): Opened<E> {
    if (this.#closed !== undefined) {
      return this.#comeBack('closing');
    }
    const position = this.#bus.position;
    const from = position === undefined ? 'now' : wanted;
    const opening = [retryBlock(this.#settings.retryMs)];
    if (position === undefined && wanted !== 'now') {
      opening.push(block(gapData(UNKNOWN_GAP), { event: 'gap' }));
    } else if (position !== undefined && (from === 'now' || from === 'start')) {
      // Lets a client resume even if its connection breaks before the first event.
      opening.push(positionBlock(from === 'now' ? position : { ...position, seq: 0 }));
    }
    const receiver = this.#bus.subscribeFiltered(filter, { ...this.#settings.receiver, from });
    const stream = new EventText<E>(receiver, opening.join(''), this.#host);
    const ignoreSignals: (() => void)[] = [];
    this.#open.set(stream, isWatched || access !== undefined ? { request, ignoreSignals } : undefined);
    ignoreSignals.push(
      onAbort(access, () => {
        stream.revoke();
      }),
    );
    if (isWatched) {
      // The last of them: a request that is aborted already ends the stream at once.
      ignoreSignals.push(
        onAbort(request.signal, () => {
          stream.leave();
        }),
      );
    }
    // Without a position, the gap that a client with a place gets is in the opening.
    if (!stream.isEmpty || (position === undefined && wanted !== 'now')) {
      return stream;
    }
    stream.leave();
    // Status 204 also makes an EventSource stop.
    return new Response(null, { status: 204, headers: { 'Cache-Control': 'no-store' } });
  }

  #leave(stream: OpenStream): void {
    this.#open.get(stream)?.ignoreSignals.forEach((ignore) => {
      ignore();
    });
    this.#open.delete(stream);
    if (this.#open.size === 0) {
      this.#whenEmpty?.();
    }
  }

  /** The answer to a client that is to come back later: a stream without an event. Any other status ends an `EventSource` for good. */
  #comeBack(why: 'busy' | 'closing'): Response {
    const { busyStatus, retryMs } = this.#settings;
    if (busyStatus === 200) {
      return new Response(retryBlock(retryMs) + comment(`${why}, try again`), { headers: HEADERS });
    }
    const message = why === 'busy' ? 'too many streams are open' : 'the server is closing';
    return new RequestError(503, message, { 'Retry-After': `${Math.ceil(retryMs / 1_000)}` }).toResponse();
  }
}

/**
 * The access that `authorize` gives; `undefined` if it gives none.
 *
 * @throws TypeError if the verdict is neither a filter nor an access.
 */
function accessOf<E>(verdict: Exclude<EventStreamVerdict<E>, Response>): EventStreamAccess<E> | undefined {
  // A function in plain JavaScript may return nothing, or `true`.
  const given: unknown = verdict;
  if (verdict === false) {
    return undefined;
  }
  if (typeof given !== 'object' || given === null) {
    throw new TypeError(`authorize: expected a filter, { filter, signal }, false or a response, got ${show(given)}`);
  }
  if ('type' in verdict) {
    return { filter: verdict };
  }
  requireOptions('authorize: the access', verdict, ACCESS);
  requireType('authorize: filter', 'object', verdict.filter);
  requireSignal('authorize: signal', verdict.signal);
  return verdict.signal?.aborted === true ? undefined : verdict;
}

/** A filter that matches what all of `filters` match, without needless parts. */
function allOf<E>(...filters: EventFilter<E>[]): EventFilter<E> {
  const [only = EventFilter.all, ...others] = filters.filter(({ type }) => type !== 'all');
  return others.length === 0 ? only : EventFilter.and<E>(only, ...others);
}

/** The `Response` for what was opened. */
export function responseOf<E>(opened: Opened<E>): Response {
  return opened instanceof EventText ? new Response(webStreamOf(opened), { headers: HEADERS }) : opened;
}
