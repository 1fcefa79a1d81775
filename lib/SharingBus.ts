import { asapScheduler, type Observable, type ObservableInput, type ObservedValueOf, type SchedulerLike } from 'rxjs';
import { type BusEvent, canonicalBusEvent } from './events/BusEvent.js';
import type { Event } from './events/Event.js';
import { canonicalFilter, EventFilter, simplestFilter } from './events/EventFilter.js';
import { Stage } from './internal/dispatch/Stage.js';
import { CLOSED, connectTo, type Sink } from './internal/publish/connectTo.js';
import { Publisher } from './internal/publish/Publisher.js';
import { type ConsumeCall, ConsumeCalls, consumeEach } from './internal/receive/consumeEach.js';
import { EventsObservable } from './internal/receive/EventsObservable.js';
import type { Receiver } from './internal/receive/Receiver.js';
import { idsOf } from './internal/receive/idsOf.js';
import { Receivers } from './internal/receive/Receivers.js';
import { receiverSettings } from './internal/receive/receiverSettings.js';
import { type Past, pastOf } from './internal/receive/replayFrom.js';
import { ReceiverPort } from './internal/receive/serve.js';
import { History } from './internal/replay/History.js';
import { onAbort, unlessAborted } from './internal/support/abort.js';
import { loggingTo } from './internal/support/logging.js';
import { PerSubscription } from './internal/support/PerSubscription.js';
import {
  isOptions,
  requireCapacityOptions,
  requireCount,
  requireFunction,
  requireOptions,
  requireSignal,
} from './internal/support/require.js';
import { Tasks } from './internal/support/Tasks.js';
import { keepSelf, type Kept, SELF, throughProxies } from './internal/support/throughProxies.js';
import { withoutUndefined } from './internal/support/withoutUndefined.js';
import { UpstreamPort } from './internal/upstream/UpstreamPort.js';
import {
  BUS_OPTIONS,
  type BusEventSource,
  CONNECT_OPTIONS,
  type ConnectOptions,
  type ConsumeOptions,
  FLUSH_OPTIONS,
  type FlushOptions,
  RECEIVER_OPTIONS,
  type ReceiverOptions,
  type SharingBusOptions,
  STREAM_OPTIONS,
  type StreamOptions,
} from './options.js';
import { type BusPosition, type BusReceiver, DeadlockError } from './receiver.js';
import type { BusStats, Explanation, KeptLosses } from './stats.js';

const DEFAULT_WINDOW = 64;

/**
 * An event bus: each subscriber gets a filtered, bounded view of one stream of events.
 *
 * ## Lagging
 *
 * The bus loses no event. A receiver with a full queue loses the arriving event and counts it. It delays neither the publisher nor
 * another receiver.
 *
 * ## Closing
 *
 * `close` ends every receiver after the events that wait in its queue. Afterwards, `publish` does nothing, and a new receiver completes at
 * once.
 *
 * @example
 * ```ts
 * const bus = new SharingBus();
 * bus.stream(EventFilter.kind('permission')).subscribe(({ event }) => console.log(event.type));
 * bus.publish({ routing: { kind: 'permission' }, origin: 'agent', event }); // PermissionRequested
 * ```
 */
export class SharingBus<E = Event> implements Disposable, AsyncDisposable {
  // The way of an event: publish -> #publisher (Subject -> scan of the bindings) -> #stage (router) -> #receivers (a bounded queue each)
  // -> events$.
  readonly #publisher: Publisher<E>;
  readonly #stage: Stage<E>;
  readonly #receivers: Receivers<E>;
  readonly #past: Past<E> | undefined;
  readonly #upstream: UpstreamPort<E> | undefined;
  readonly #consuming = new ConsumeCalls<Receiver<E>>();
  /** Aborting these ends the open calls of `connect`. */
  readonly #connections = new Set<AbortController>();
  #closed = false;

  /**
   * @param options See {@link SharingBusOptions}.
   * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown.
   */
  constructor(options: SharingBusOptions<E> = {}) {
    keepSelf(this, () => this);
    requireOptions('SharingBus: options', options, BUS_OPTIONS);
    const { scheduler = asapScheduler, logger, history, upstream } = options;
    // With an upstream, the option says what is in memory besides.
    const kept = history === undefined || upstream !== undefined ? undefined : new History(history);
    requireFunction('SharingBus: scheduler.schedule', (scheduler as Partial<SchedulerLike> | null)?.schedule);
    const log = loggingTo(logger);
    this.#stage = new Stage(scheduler);
    const port = upstream === undefined ? undefined : new UpstreamPort<E>(this.#stage, log);
    this.#past = port ?? (kept && pastOf(kept));
    this.#receivers = new Receivers(this.#stage, this.#past, log);
    this.#publisher = new Publisher(options, kept, this.#stage, log, port);
    this.#upstream = port;
    if (upstream !== undefined) {
      port?.connect(upstream, {
        bus: this,
        publisher: this.#publisher,
        receivers: this.#receivers,
        history,
        end: (failure) => {
          this.#end(failure);
        },
      });
    }
  }

  /** How many receivers have a slot. A receiver has one until it is closed or ends. */
  get subscriberCount(): number {
    this.#upstream?.settle();
    return this.#receivers.live;
  }

  /**
   * The position of the newest event. A receiver that starts `from` here gets all later events. `undefined` without a history or an
   * upstream, and while the upstream has not said where it stands.
   */
  get position(): BusPosition | undefined {
    this.#upstream?.settle();
    return this.#past?.position;
  }

  /**
   * Publishes an event to every open receiver whose filter matches it.
   *
   * **Details** It returns before any consumer is called. An event that is published from a predicate, a handler or `bindingOf` follows
   * the events published before it. After `close` it does nothing; after an upstream has failed, it throws the error.
   *
   * **Errors** Throws `InvalidBusEventError` for a malformed event, which reaches no receiver; with an upstream, also the error by which it
   * refuses the event.
   *
   * @param busEvent It is not changed. If the bus fills in an id, receivers get a copy of the envelope.
   */
  publish(busEvent: BusEvent<E>): void {
    const bus = (this as this & Kept<this>)[SELF]();
    if (!bus.#closed) {
      bus.#publisher.publish(canonicalBusEvent(busEvent, bus.#stage));
    } else if (bus.#receivers.failure !== undefined) {
      throw bus.#receivers.failure.error;
    }
  }

  /** Returns a receiver of every event, with a capacity of 256. */
  subscribeAll(): BusReceiver<E> {
    return this.subscribeFiltered(EventFilter.all);
  }

  /**
   * Returns a receiver of the events that match `filter` and are published from now on, or from the place that the option `from` names.
   *
   * @param filter Which events it gets.
   * @param queueCapacity The most events that may wait, 1 to 2^31 - 1, default 256; or {@link ReceiverOptions}.
   * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad arguments. No id is used up then.
   */
  subscribeFiltered(filter: EventFilter<E>, queueCapacity: number | ReceiverOptions<E> = {}): BusReceiver<E> {
    const options = optionsOf(queueCapacity);
    const owner = options === queueCapacity ? 'subscribeFiltered: capacity' : 'subscribeFiltered: queueCapacity';
    const settings = receiverSettings(owner, options, this.#past !== undefined);
    return this.#receivers.handleOf(this.#receivers.admit(simplestFilter(filter), settings));
  }

  /** Closes the receiver with this id, as its `close` does. An unknown id is ignored. */
  unsubscribe(id: number): void {
    this.#receivers.close(id);
  }

  /**
   * The matching events as a cold observable. Each subscription creates a receiver; unsubscribing disposes it.
   *
   * **Details** With `consume`, the observable emits what `consume` returns, one after the other as `concatMap` does; but events wait in
   * the receiver's queue and nowhere else. If `consume` throws, or what it returns fails, the observable fails.
   *
   * **Gotchas** A subscription cannot tell its lag. `stats()` can, or use `subscribeFiltered`.
   *
   * @param filter Which events it emits. Default: every event.
   * @param options See {@link StreamOptions} and {@link ConsumeOptions}.
   * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad arguments, when `stream` is called.
   */
  stream<O extends ObservableInput<unknown>>(
    filter: EventFilter<E>,
    options: ConsumeOptions<E, O>,
  ): Observable<ObservedValueOf<O>>;
  stream(filter?: EventFilter<E>, options?: StreamOptions<E>): Observable<BusEvent<E>>;
  stream<O extends ObservableInput<unknown>>(
    filter: EventFilter<E> = EventFilter.all,
    options: StreamOptions<E> & { readonly consume?: ConsumeOptions<E, O>['consume'] | undefined } = {},
  ): Observable<BusEvent<E> | ObservedValueOf<O>> {
    requireCapacityOptions('stream: options', options, STREAM_OPTIONS);
    const { consume } = options;
    const settings = receiverSettings('stream: capacity', options, this.#past !== undefined);
    const canonical = simplestFilter(filter);
    if (consume === undefined) {
      return new PerSubscription(() => {
        const port = new ReceiverPort(this.#receivers.admit(canonical, settings));
        return new EventsObservable<BusEvent<E>>(() => port);
      });
    }
    requireFunction('stream: consume', consume);
    return new PerSubscription(() => consumeEach(this.#receivers.admit(canonical, settings), consume, this.#consuming));
  }

  /**
   * Resolves when every receiver has consumed or lost each matching event that was published before this call.
   *
   * **Details** A receiver that ends is not waited for any longer. An open receiver without a consumer is waited for. With `waitFor`, only
   * the receivers named there are waited for.
   *
   * **Errors** Rejects with the signal's reason, with an error that a predicate in `filter` throws, with {@link DeadlockError}, and for bad
   * arguments.
   *
   * **Gotchas** Do not await it inside of a consumer that it waits for: while more events wait there, both wait for each other for ever.
   * Name the other receivers in `waitFor`. The bus detects a call that a `consume` makes before its first `await`, and rejects with
   * {@link DeadlockError}. It cannot detect a later call, or a call in a `for await`.
   *
   * @param filter The events to wait for. Default: every event.
   * @param options See {@link FlushOptions}.
   */
  flush(filter: EventFilter<E> = EventFilter.all, options: FlushOptions = {}): Promise<void> {
    return this.#flush('flush', this.#consuming.current, filter, options);
  }

  /**
   * Publishes the events of `source`, and waits for a {@link SharingBus.flush} after every `window` events. So a receiver with room for
   * `window` more events does not lag because of this source, whatever its speed. With `waitFor`, that holds for the receivers named
   * there.
   *
   * **Details** After every 128 events it lets timers, sockets and other tasks of the platform run, even if all events of the source are in
   * memory; not in virtual time.
   *
   * **Errors** Rejects with the error of `source`, with `InvalidBusEventError` for a malformed event, with {@link DeadlockError} and with
   * the signal's reason. The source is told to stop.
   *
   * **Gotchas** An Observable cannot be made to wait: its events are published as they come, and receivers may lose them. Do not await this
   * inside of a consumer that it waits for; see {@link SharingBus.flush}.
   *
   * @param source An async iterable, a web stream or an Observable of events; see {@link BusEventSource}.
   * @param options See {@link ConnectOptions}.
   * @returns How many events were published, when `source` ends or the bus is closed. Up to `window` - 1 of them may still wait. To wait for
   * these, call `flush`.
   */
  async connect(source: BusEventSource<E>, options: ConnectOptions = {}): Promise<number> {
    requireOptions('connect: options', options, CONNECT_OPTIONS);
    const { window = DEFAULT_WINDOW, signal, waitFor } = options;
    requireCount('connect: window', window);
    requireSignal('connect: signal', signal);
    idsOf('connect: waitFor', waitFor, this.#stage);
    const consumeCall = this.#consuming.current;
    const sink: Sink<E> = {
      publish: (busEvent) => {
        this.publish(busEvent);
      },
      flush: (waiting) => this.#flush('connect', consumeCall, EventFilter.all, waiting),
    };
    const connection = new AbortController();
    const ignore = onAbort(signal, () => {
      connection.abort(signal?.reason);
    });
    if (this.#closed) {
      const { failure } = this.#receivers;
      connection.abort(failure === undefined ? CLOSED : failure.error);
    }
    this.#connections.add(connection);
    try {
      const tasks = isVirtual(this.#stage.clock.scheduler) ? undefined : new Tasks();
      return await connectTo(sink, source, { window, waitFor, stop: connection.signal, tasks });
    } finally {
      ignore();
      this.#connections.delete(connection);
    }
  }

  /**
   * Counts so far, for the bus and each open receiver. Exact when read. Each call walks all receivers; between calls nothing extra is done.
   */
  stats(): BusStats<E> {
    const receivers = this.#receivers.stats();
    const { delivered, dropped } = this.#receivers.totals;
    return {
      ...this.#publisher.counts,
      delivered: receivers.reduce((sum, one) => sum + one.delivered, delivered),
      dropped: receivers.reduce((sum, one) => sum + one.lagged, dropped),
      receivers,
    };
  }

  /**
   * Keeps, from now on, the losses of each receiver that leaves the bus. Otherwise these are in the `dropped` of `stats()` only, without
   * a name. It is made for exporters of metrics, which read counts now and then.
   *
   * **Details** The entries and the `lagged` of the open receivers add up to all losses since this call, and those that the receivers
   * which were open then had before. So no loss is missing, however short the life of a receiver.
   *
   * **Gotchas** The losses of at most 10,000 receivers wait to be taken. Those of further receivers are in `dropped` only. Call `stop` when
   * you no longer take them.
   */
  keepLosses(): KeptLosses {
    return this.#receivers.keepLosses();
  }

  /**
   * Explains what would happen to `busEvent` at each receiver if it were published now. Nothing is published.
   *
   * **Errors** Throws `InvalidBusEventError` for a malformed event.
   */
  explain(busEvent: BusEvent<E>): readonly Explanation[] {
    const enriched = this.#publisher.foresee(canonicalBusEvent(busEvent));
    return this.#receivers.explain(enriched, this.#publisher.holds(enriched));
  }

  /** Closes the bus: every receiver delivers the events that wait and completes. A second call does nothing. */
  close(): void {
    this.#receivers.failure = undefined;
    this.#end(undefined);
  }

  /** Closes the bus. If there is a failure, its receivers end with the error after what waits. */
  #end(failure: { readonly error: unknown } | undefined): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    // Set before any function of the application is called.
    this.#receivers.isClosed = true;
    this.#receivers.failure = failure;
    for (const connection of this.#connections) {
      connection.abort(failure === undefined ? CLOSED : failure.error);
    }
    this.#publisher.release();
    this.#receivers.closeAll(failure);
    this.#publisher.close();
  }

  /** Same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** Closes the bus, and resolves when every subscriber has got the events that waited. Receivers that are pulled are not waited for. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return this.flush();
  }

  /** A flush on behalf of `consumeCall`, if that is known. `call` is the method that the application called. */
  async #flush(
    call: 'flush' | 'connect',
    consumeCall: ConsumeCall<Receiver<E>> | undefined,
    filter: EventFilter<E>,
    options: FlushOptions,
  ): Promise<void> {
    requireOptions('flush: options', options, FLUSH_OPTIONS);
    const { signal, waitFor } = options;
    requireSignal('flush: signal', signal);
    const settled = this.#upstream?.settled();
    if (settled !== undefined) {
      await unlessAborted(signal, Promise.resolve(settled));
    }
    const waits = await this.#receivers.waitsFor(
      canonicalFilter(filter),
      idsOf('flush: waitFor', waitFor, this.#stage),
    );
    try {
      // A consume that is through by now has not waited for this.
      const receiver = consumeCall?.receiver;
      if (receiver !== undefined && waits.has(receiver)) {
        throw new DeadlockError(call, receiver.id, receiver.parts?.name);
      }
      await unlessAborted(signal, Promise.all([...waits.values()].map(({ over }) => over)));
    } finally {
      waits.forEach((wait) => {
        wait.withdraw();
      });
    }
  }
}

withoutUndefined(SharingBus.prototype);
throughProxies(SharingBus, { except: ['publish'] });

/** The options, or the capacity alone. Any other value is reported as a bad capacity. */
function optionsOf<E>(queueCapacity: number | ReceiverOptions<E>): ReceiverOptions<E> {
  if (!isOptions(queueCapacity, RECEIVER_OPTIONS)) {
    return { capacity: queueCapacity };
  }
  requireOptions('subscribeFiltered: options', queueCapacity, RECEIVER_OPTIONS);
  return queueCapacity;
}

/** Whether time passes only where a program says so. */
function isVirtual(scheduler: SchedulerLike): boolean {
  // Not `instanceof`: that would bring the class to programs that have no use for it.
  return 'maxFrames' in scheduler;
}
