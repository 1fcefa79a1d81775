import {
  BUS_OPTIONS,
  type ConsumeOptions,
  FLUSH_OPTIONS,
  type FlushOptions,
  type SharingBusOptions,
  STREAM_OPTIONS,
  type StreamOptions,
  type ReceiverOptions,
  type BusEventSource,
  CONNECT_OPTIONS,
  type ConnectOptions,
  RECEIVER_OPTIONS,
} from './options.js';
import { asapScheduler, type Observable, type ObservableInput, type ObservedValueOf, type SchedulerLike } from 'rxjs';
import { type BusPosition, type BusReceiver, DeadlockError } from './receiver.js';
import type { BusStats, Explanation } from './stats.js';
import { CLOSED, connectTo, type Sink } from './internal/publish/connectTo.js';
import { consumeEach, Consuming, type Work } from './internal/receive/consumeEach.js';
import { explain } from './internal/receive/explain.js';
import { EventsObservable, PerSubscription } from './internal/receive/EventsObservable.js';
import { History } from './internal/replay/History.js';
import { Publisher } from './internal/publish/Publisher.js';
import { loggingTo } from './internal/support/logging.js';
import { Receiver } from './internal/receive/Receiver.js';
import type { Host, ReceiverSettings } from './internal/receive/receiverParts.js';
import type { Wait } from './internal/support/Marks.js';
import { onAbort, unlessAborted } from './internal/support/abort.js';
import { statsOf } from './internal/receive/views.js';
import { untilConsumed } from './internal/receive/untilConsumed.js';
import { ReceiverHandle } from './internal/receive/ReceiverHandle.js';
import { receiverSettings } from './internal/receive/receiverSettings.js';
import { replayFrom } from './internal/receive/replayFrom.js';
import {
  isOptions,
  requireCapacityOptions,
  requireCount,
  requireFunction,
  requireOptions,
  requireSignal,
} from './internal/support/require.js';
import { show } from './internal/support/show.js';
import { Stage } from './internal/dispatch/Stage.js';
import { Tasks } from './internal/support/Tasks.js';
import { keepSelf, type Kept, SELF, throughProxies } from './internal/support/throughProxies.js';
import { withoutUndefined } from './internal/support/withoutUndefined.js';
import { type BusEvent, canonicalBusEvent } from './events/BusEvent.js';
import type { Event } from './events/Event.js';
import { canonicalFilter, EventFilter, simplestFilter } from './events/EventFilter.js';
import { newUuid } from './events/Uuid.js';

const DEFAULT_WINDOW = 64;

/**
 * One stream of events with many subscribers, each with a filtered and bounded view of its own.
 *
 * ## Lagging
 *
 * The bus loses nothing. A receiver whose queue is full loses the arriving event, counts it, and nobody else notices:
 * neither the publisher, which is never delayed, nor another receiver.
 *
 * ## Closing
 *
 * `close` ends every receiver after what it has queued. To publish afterwards does nothing; to subscribe gives a
 * receiver that completes at once.
 *
 * @example
 * ```ts
 * const bus = new SharingBus();
 * bus.stream(EventFilter.kind('permission')).subscribe(({ event }) => console.log(event.type));
 * bus.publish({ routing: { kind: 'permission' }, origin: 'agent', event }); // PermissionRequested
 * ```
 */
export class SharingBus<E = Event> implements Disposable, AsyncDisposable {
  readonly #stage: Stage<E>;
  /** One for all receivers: a closure made for each would hold its filter as long as its handle. */
  readonly #host: Host<E>;
  readonly #receivers = new Map<number, Receiver<E>>();
  /** Those that have no slot any more, and are offered what was published before. */
  readonly #leaving = new Set<Receiver<E>>();
  /** Tells when a handle is collected. */
  readonly #handles = new FinalizationRegistry<Receiver<E>>((receiver) => {
    receiver.abandon();
  });
  readonly #publisher: Publisher<E>;
  readonly #history: History<E> | undefined;
  readonly #epoch = newUuid();
  readonly #consuming = new Consuming<Receiver<E>>();
  /** What ends the connections that there are. */
  readonly #connections = new Set<AbortController>();
  #nextId = 0;
  #closed = false;
  readonly #part = (receiver: Receiver<E>): void => {
    this.#stage.leave(receiver);
    receiver.finish();
    receiver.account();
    this.#leaving.delete(receiver);
  };

  /**
   * @param options See {@link SharingBusOptions}.
   * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown.
   */
  constructor(options: SharingBusOptions<E> = {}) {
    keepSelf(this, () => this);
    requireOptions('SharingBus: options', options, BUS_OPTIONS);
    const { scheduler = asapScheduler, logger, history } = options;
    this.#history = history === undefined ? undefined : new History(history);
    requireFunction('SharingBus: scheduler.schedule', (scheduler as Partial<SchedulerLike> | null)?.schedule);
    this.#stage = new Stage(scheduler);
    this.#host = {
      stage: this.#stage,
      inOrder: this.#stage.inOrder,
      log: loggingTo(logger),
      draining: new Set(),
      totals: { delivered: 0, dropped: 0 },
      release: (receiver) => {
        this.#release(receiver);
      },
      unwatch: (receiver) => {
        this.#handles.unregister(receiver);
      },
      position: () => this.position,
    };
    this.#publisher = new Publisher(options, this.#history, this.#stage, this.#host.log);
  }

  /** Receivers that have a slot: those that still take events. */
  get subscriberCount(): number {
    return this.#receivers.size;
  }

  /** The place of what was published last: to start `from` there misses nothing. `undefined` on a bus without a history. */
  get position(): BusPosition | undefined {
    return this.#history && { epoch: this.#epoch, seq: this.#history.last };
  }

  /**
   * Gives an event to every receiver that is there now and whose filter matches it.
   *
   * **Details** It returns without having called a consumer. Called from a predicate, a handler or `bindingOf`, the
   * event follows those published before. After `close` it does nothing.
   *
   * **Errors** `InvalidBusEventError` for a malformed event; then nothing has happened.
   *
   * @param busEvent Left as it is; receivers get a copy of the envelope where an id had to be filled in.
   */
  publish(busEvent: BusEvent<E>): void {
    const bus = (this as this & Kept<this>)[SELF]();
    if (bus.#closed) {
      return;
    }
    bus.#publisher.publish(canonicalBusEvent(busEvent, bus.#stage));
  }

  /** A receiver of every event, with a capacity of 256. */
  subscribeAll(): BusReceiver<E> {
    return this.subscribeFiltered(EventFilter.all);
  }

  /**
   * A receiver of the events that match `filter`, published from now on.
   *
   * @param filter What it wants.
   * @param queueCapacity Events that may wait, 1 to 2^31 - 1, default 256; or all the {@link ReceiverOptions}.
   * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad arguments; no id is used then.
   */
  subscribeFiltered(filter: EventFilter<E>, queueCapacity: number | ReceiverOptions<E> = {}): BusReceiver<E> {
    const options = optionsOf(queueCapacity);
    const settings = this.#settings('subscribeFiltered: queueCapacity', options);
    const receiver = this.#admit(simplestFilter(filter), settings);
    const handle = new ReceiverHandle(receiver);
    if (!receiver.hasEnded) {
      this.#handles.register(handle, receiver, receiver);
    }
    return handle;
  }

  /** Closes the receiver of this id, as its `close` does. An id that is unknown, or gone, is ignored. */
  unsubscribe(id: number): void {
    this.#receivers.get(id)?.close();
  }

  /**
   * The matching events as a cold observable: each subscription makes a receiver, and unsubscribing ends it.
   *
   * **Details** With `consume`, the stream is of what that returns, in the manner of `concatMap`; but events wait in the receiver's
   * own queue, and nowhere else. What it throws, or an error of what it returns, ends the stream.
   *
   * **Gotchas** A subscription has no handle, so it cannot tell its lag: `stats()` does, or use `subscribeFiltered`.
   *
   * @param filter What it wants. Default: every event.
   * @param options See {@link StreamOptions} and {@link ConsumeOptions}.
   * @throws RangeError, TypeError, InvalidFilterError or InvalidUuidError for bad arguments, at this call.
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
    const settings = this.#settings('stream: capacity', options);
    const canonical = simplestFilter(filter);
    if (consume === undefined) {
      return new PerSubscription(() => {
        const receiver = this.#admit(canonical, settings);
        return new EventsObservable<BusEvent<E>>(() => receiver);
      });
    }
    requireFunction('stream: consume', consume);
    return new PerSubscription(() => consumeEach(this.#admit(canonical, settings), consume, this.#consuming));
  }

  /**
   * Resolves when each matching event that was published before has been consumed by every receiver that it was for, or
   * was counted as lost there.
   *
   * **Details** A receiver that ends settles its part. One that is open and that nobody consumes is waited for.
   *
   * With `waitFor` it is about the receivers named there, so that one that may lose events holds nobody up.
   *
   * **Errors** Rejects with the signal's reason, with what a predicate in `filter` throws, for bad arguments, and with {@link DeadlockError}.
   *
   * **Gotchas** Do not await it in the loop of a consumer that it waits for: while events wait there, each waits for the other, for ever. Name the
   * other receivers in `waitFor`. Where the bus sees it, since a `consume` has called this itself and is not through, it rejects with
   * {@link DeadlockError}; after an `await` in that `consume`, or in a `for await`, it cannot see it.
   *
   * @param filter The events to wait for. Default: every event.
   * @param options See {@link FlushOptions}.
   */
  flush(filter: EventFilter<E> = EventFilter.all, options: FlushOptions = {}): Promise<void> {
    return this.#flush('flush', this.#consuming.current, filter, options);
  }

  /**
   * Publishes what comes from `source`, and waits for a {@link SharingBus.flush} after every `window` events: then no receiver with
   * room for so many more events lags by it, whatever its speed. With `waitFor`, that holds for the receivers named there.
   *
   * **Details** After every 128 events, timers, sockets and other tasks of the platform run, also where the source has all its events in memory; not in virtual time.
   *
   * **Errors** Rejects with what `source` fails with, with `InvalidBusEventError` for an event that is malformed, with
   * {@link DeadlockError} and with the signal's reason. The source is told to stop.
   *
   * **Gotchas** An Observable cannot wait: its events are published as they come, and may be lost as any others. Do not await this in the
   * loop of a consumer that it waits for: it never settles, or rejects as {@link SharingBus.flush} does. Name the other receivers in `waitFor`.
   *
   * @param source An async iterable, a web stream or an Observable of events, of RxJS, another library or the platform; see {@link BusEventSource}.
   * @param options See {@link ConnectOptions}.
   * @returns How many events were published, when `source` ends or the bus is closed. The last of them, fewer than `window`, may still wait:
   * flush then, or close the bus and wait for its consumers.
   */
  async connect(source: BusEventSource<E>, options: ConnectOptions = {}): Promise<number> {
    requireOptions('connect: options', options, CONNECT_OPTIONS);
    const { window = DEFAULT_WINDOW, signal, waitFor } = options;
    requireCount('connect: window', window);
    requireSignal('connect: signal', signal);
    idsOf('connect: waitFor', waitFor, this.#stage);
    const work = this.#consuming.current;
    const sink: Sink<E> = {
      publish: (busEvent) => {
        this.publish(busEvent);
      },
      flush: (waiting) => this.#flush('connect', work, EventFilter.all, waiting),
    };
    const connection = new AbortController();
    const ignore = onAbort(signal, () => {
      connection.abort(signal?.reason);
    });
    if (this.#closed) {
      connection.abort(CLOSED);
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

  /** What the bus has done so far, and its receivers. To ask costs; to be asked costs next to nothing. */
  stats(): BusStats<E> {
    this.#stage.settle();
    const receivers = [...this.#receivers.values()].flatMap((receiver) => statsOf(receiver) ?? []);
    for (const receiver of [...this.#leaving, ...this.#host.draining]) {
      receiver.account();
    }
    const { delivered, dropped } = this.#host.totals;
    return {
      ...this.#publisher.counts,
      delivered: receivers.reduce((sum, one) => sum + one.delivered, delivered),
      dropped: receivers.reduce((sum, one) => sum + one.lagged, dropped),
      receivers,
    };
  }

  /**
   * What would become of `busEvent`, if it were published now, at each receiver. Nothing happens.
   *
   * **Errors** `InvalidBusEventError` for a malformed event.
   */
  explain(busEvent: BusEvent<E>): readonly Explanation[] {
    const enriched = this.#publisher.foresee(canonicalBusEvent(busEvent));
    this.#stage.settle();
    const isHeld = this.#publisher.holds(enriched);
    const isTooLarge = this.#history?.isTooLarge(enriched) === true;
    return [...this.#receivers.values()].flatMap((receiver) => explain(receiver, enriched, isHeld, isTooLarge) ?? []);
  }

  /** Ends the bus: every receiver completes after what it has queued. Again, it does nothing. */
  close(): void {
    if (this.#closed) {
      return;
    }
    this.#closed = true;
    for (const connection of this.#connections) {
      connection.abort(CLOSED);
    }
    this.#publisher.release();
    // Each takes itself out.
    for (const receiver of this.#receivers.values()) {
      receiver.close();
    }
    this.#publisher.close();
  }

  /** The same as `close`. */
  [Symbol.dispose](): void {
    this.close();
  }

  /** `close`, then waits until every subscriber has got what is queued. A receiver that is pulled is not waited for. */
  [Symbol.asyncDispose](): Promise<void> {
    this.close();
    return this.flush();
  }

  /** A flush on behalf of `work`, or of no known one; `call` is what the application called. */
  async #flush(
    call: 'flush' | 'connect',
    work: Work<Receiver<E>> | undefined,
    filter: EventFilter<E>,
    options: FlushOptions,
  ): Promise<void> {
    requireOptions('flush: options', options, FLUSH_OPTIONS);
    const { signal, waitFor } = options;
    requireSignal('flush: signal', signal);
    const waits = await this.#waitsFor(canonicalFilter(filter), idsOf('flush: waitFor', waitFor, this.#stage));
    try {
      // Work that is through by now has not waited for this.
      const receiver = work?.receiver;
      if (receiver !== undefined && waits.has(receiver)) {
        throw new DeadlockError(call, receiver.id, receiver.name);
      }
      await unlessAborted(signal, Promise.all([...waits.values()].map(({ over }) => over)));
    } finally {
      waits.forEach((wait) => {
        wait.withdraw();
      });
    }
  }

  /** What is to be waited for until the events that match `filter`, and were published before, are consumed by those of `ids`. */
  #waitsFor(filter: EventFilter<E>, ids: ReadonlySet<number> | undefined): Promise<ReadonlyMap<Receiver<E>, Wait>> {
    return new Promise((resolve) => {
      // In its place: called while an event is routed, it is about what was published before, too.
      this.#stage.inOrder.run(() => {
        // What a predicate throws rejects the inner promise.
        const waits = new Promise<ReadonlyMap<Receiver<E>, Wait>>((found) => {
          this.#stage.settle();
          const receivers = [...this.#receivers.values(), ...this.#host.draining].filter(
            ({ id }) => ids?.has(id) ?? true,
          );
          found(
            new Map(
              receivers.flatMap((receiver): [Receiver<E>, Wait][] => {
                const wait = untilConsumed(receiver, filter);
                return wait === undefined ? [] : [[receiver, wait]];
              }),
            ),
          );
        });
        resolve(waits);
      }, undefined);
    });
  }

  #settings(owner: string, options: ReceiverOptions<E>): ReceiverSettings<E> {
    return receiverSettings(owner, options, this.#history !== undefined);
  }

  #admit(filter: EventFilter<E>, options: ReceiverSettings<E>): Receiver<E> {
    const id = this.#nextId;
    this.#nextId += 1;
    const receiver = new Receiver<E>(id, options, this.#host);
    if (this.#closed || options.signal?.aborted === true) {
      receiver.end('complete');
      return receiver;
    }
    receiver.leaveOn(options.signal);
    this.#receivers.set(id, receiver);
    this.#stage.inOrder.run(() => {
      this.#join(receiver, filter, options.from);
    }, receiver);
    return receiver;
  }

  #join(receiver: Receiver<E>, filter: EventFilter<E>, from: ReceiverOptions['from'] = 'now'): void {
    if (this.#history === undefined || from === 'now') {
      receiver.lastSeq = this.#history?.last ?? 0;
      this.#stage.join(receiver, filter);
    } else if (!receiver.hasEnded) {
      replayFrom(receiver, filter, { history: this.#history, epoch: this.#epoch, from });
    }
  }

  /** The slot is free at once; events that were published before are still offered. */
  #release(receiver: Receiver<E>): void {
    if (this.#receivers.delete(receiver.id)) {
      if (!receiver.isHeld) {
        this.#handles.unregister(receiver);
      }
      this.#leaving.add(receiver);
      receiver.depart();
      this.#stage.inOrder.run(this.#part, receiver);
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

/** The ids of those that are to be waited for; `undefined`: all of them. */
function idsOf(
  owner: string,
  receivers: readonly BusReceiver<unknown>[] | undefined,
  stage: unknown,
): ReadonlySet<number> | undefined {
  const given: unknown = receivers;
  if (given !== undefined && !(Array.isArray(given) && given.every((one) => one instanceof ReceiverHandle))) {
    throw new TypeError(`${owner}: expected an array of receivers, got ${show(given)}`);
  }
  const stranger = receivers?.find((one) => one instanceof ReceiverHandle && !one.isOf(stage));
  if (stranger !== undefined) {
    throw new TypeError(`${owner}: receiver ${stranger.id} is of another bus`);
  }
  return receivers && new Set(receivers.map(({ id }) => id));
}
