import { asyncScheduler, BehaviorSubject, type Observable } from 'rxjs';
import type { SharingBus } from '../SharingBus.js';
import type { BusEvent } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { type OptionNames, requireOptions } from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import { withoutUndefined } from '../internal/support/withoutUndefined.js';
import type { BusPosition } from '../receiver.js';
import type { Upstream, UpstreamBus, UpstreamLink } from '../upstream.js';
import { readBindings } from './order/bindings.js';
import { ConnectionWatch } from './ConnectionWatch.js';
import { UpstreamClosedError } from './errors.js';
import { readStream } from './stream/lineage.js';
import { type Beginning, Link } from './Link.js';
import { withTicket } from './outbox/messages.js';
import type { JetStreamUpstreamOptions } from './options.js';
import { type Settings, settingsOf } from './settings.js';
import type { JetStreamStats, JetStreamStatus } from './status.js';
import { accessOf, checkConnection, checkStream, setUp } from './stream/streamConfig.js';

const API_TIMEOUT_MS = 2_000;
const NO_COUNTS: JetStreamStats = {
  ...{ published: 0, stored: 0, failed: 0, notForwarded: 0, pending: 0, inFlight: 0, retried: 0 },
  ...{ received: 0, doubles: 0, invalid: 0, unwanted: 0, gaps: 0, reopened: 0 },
};

/** Options of `close`. */
export interface CloseOptions {
  /** The longest to wait for events that are not stored, in milliseconds, 0 to 2^31 - 1. Default 5,000. */
  readonly drainMs?: number | undefined;
}

const CLOSE_OPTIONS: OptionNames<CloseOptions> = { drainMs: true };

/**
 * A stream of NATS JetStream that orders and keeps the events of a bus. All buses with the same stream are one: each gets the events of
 * all, its own too, in the order of the stream. Get it from {@link jetStreamUpstream}, and give it to one bus.
 *
 * **Details** An event is delivered when it is stored and has come back. While the servers are away nothing is delivered, and what is
 * published waits, up to `maxPending` events. Payloads travel as JSON: receivers get a copy. With the option `order: 'local'`, the bus delivers its
 * own events at once, in its own order.
 */
export interface JetStreamUpstream<E = Event> extends Upstream<E>, AsyncDisposable {
  /** The present {@link JetStreamStatus}, then each new one. Completes after `ended`. */
  readonly status$: Observable<JetStreamStatus>;
  /** Number of events that wait to be stored: neither stored, nor given up, nor left out since the outbox was full. */
  readonly pending: number;
  /** Counts so far. Exact when read. */
  stats(): JetStreamStats;
  /**
   * Publishes on the bus, and tells when the event is stored.
   *
   * **Errors** Rejects with `TypeError` for a bus that has another upstream or none: nothing is published then. With what `bus.publish` throws,
   * such as `InvalidBusEventError`, {@link OutboxFullError} or {@link EventTooLargeError}; with {@link NotStoredError} if the event was given up,
   * or, with the order `local`, not forwarded since the outbox is full; with {@link UpstreamClosedError} or {@link ConnectionEndedError} if the
   * end comes first.
   *
   * @param bus The bus that has this upstream, or a Proxy of it. An object of your own that only calls `publish` is refused.
   * @returns Its place in the stream, the same in all processes. With the order `local`, this bus has another place for it.
   */
  publish(bus: Pick<SharingBus<E>, 'publish'>, busEvent: BusEvent<E>): Promise<BusPosition>;
  /**
   * Resolves when at most half of `maxPending`, and of `maxPendingLength`, waits to be stored. A publisher that awaits this before each event gets no
   * {@link OutboxFullError}, and with the order `local` all of its events are forwarded.
   *
   * **Errors** Rejects with {@link UpstreamClosedError} or {@link ConnectionEndedError} if the end comes first.
   */
  ready(): Promise<void>;
  /**
   * Resolves when each event that was published so far is stored or given up, and those that are stored have come back to the bus.
   * `bus.flush()` waits for this, and then for the receivers. With the order `local`, it waits for the receivers, and for room in the outbox while
   * the server stores events.
   */
  flush(): Promise<void>;
  /**
   * Closes the bus, after what was published is stored. Meanwhile `publish` throws {@link UpstreamClosedError}. The connection stays open.
   *
   * **Details** Events that are not stored after `drainMs` are given up; a line of the log counts them. `bus.close()` gives them up at once.
   *
   * **Errors** Rejects with `RangeError` or `TypeError` for a bad option.
   */
  close(options?: CloseOptions): Promise<void>;
  /** Same as `close`, in engines that have this symbol. */
  [Symbol.asyncDispose](): Promise<void>;
}

class StreamUpstream<E> implements JetStreamUpstream<E> {
  private readonly settings: Settings<E>;
  private readonly beginning: Beginning;
  private readonly statuses$ = new BehaviorSubject<JetStreamStatus>('reopening');
  private link: Link<E> | undefined;
  private isClosed = false;
  readonly status$ = this.statuses$.asObservable();

  constructor(settings: Settings<E>, beginning: Beginning) {
    this.settings = settings;
    this.beginning = beginning;
  }

  open(bus: UpstreamBus<E>): UpstreamLink<E> {
    if (this.isClosed) {
      throw new UpstreamClosedError();
    }
    if (this.link !== undefined) {
      throw new TypeError('this upstream has a bus already: call jetStreamUpstream for each bus');
    }
    this.link = new Link(this.settings, bus, this.beginning, this.statuses$);
    return this.link;
  }

  publish(bus: Pick<SharingBus<E>, 'publish'>, busEvent: BusEvent<E>): Promise<BusPosition> {
    return new Promise((resolve, reject) => {
      const link = this.opened();
      const state = link.stateOf(bus);
      if (state === 'another') {
        throw new TypeError(`publish: expected the bus that has this upstream, got ${nameOf(bus)}`);
      }
      const ticket = {
        stored: (seq: number) => {
          resolve(link.position(seq));
        },
        failed: reject,
      };
      link.tickets.expect(ticket);
      if (state === 'closed') {
        link.tickets.forget(ticket);
        throw new UpstreamClosedError('the bus is closed');
      }
      try {
        // The bus names what is wrong with another value.
        const isObject = typeof (busEvent as unknown) === 'object' && (busEvent as unknown) !== null;
        bus.publish(isObject ? withTicket(busEvent, ticket) : busEvent);
      } catch (error) {
        link.tickets.forget(ticket);
        throw error;
      }
    });
  }

  get pending(): number {
    return this.link?.pending ?? 0;
  }

  stats(): JetStreamStats {
    return this.link?.stats() ?? NO_COUNTS;
  }

  async ready(): Promise<void> {
    await this.opened().ready();
  }

  async flush(): Promise<void> {
    await this.opened().flush();
  }

  async close(options: CloseOptions = {}): Promise<void> {
    requireOptions('close: options', options, CLOSE_OPTIONS);
    const { drainMs = 5_000 } = options;
    if (!Number.isInteger(drainMs) || drainMs < 0 || drainMs >= 2 ** 31) {
      throw new RangeError(`close: drainMs must be an integer from 0 to 2147483647, got ${show(drainMs)}`);
    }
    this.isClosed = true;
    if (this.link !== undefined) {
      await this.link.drain(drainMs);
    } else if (this.statuses$.value !== 'ended') {
      this.beginning.watch.stop();
      this.statuses$.next('ended');
      this.statuses$.complete();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  private opened(): Link<E> {
    if (this.link === undefined) {
      throw this.isClosed
        ? new UpstreamClosedError()
        : new TypeError('this upstream has no bus yet: call new SharingBus({ upstream })');
    }
    return this.link;
  }
}

function nameOf(value: unknown): string {
  const isBus = typeof (value as Partial<SharingBus> | null | undefined)?.publish === 'function';
  return isBus ? 'another one' : show(value);
}

// In an engine without this symbol.
withoutUndefined(StreamUpstream.prototype);

/**
 * Makes an upstream of a stream of NATS JetStream. Await it, then give it to a bus: `new SharingBus({ upstream })`.
 *
 * **Details** It checks the server and the stream, and reads the last registration of each session. The bus begins at the present end of
 * the stream; a receiver with `from` gets earlier events.
 *
 * **Errors** Rejects with {@link JetStreamSetupError} if the server, the account or the connection cannot serve; with
 * {@link StreamMismatchError} if the stream does not fit; with {@link ConnectionEndedError} if the connection is closed; with `RangeError`
 * or `TypeError` for a bad option.
 */
export async function jetStreamUpstream<E = Event>(
  options: JetStreamUpstreamOptions<E>,
): Promise<JetStreamUpstream<E>> {
  const settings = settingsOf(options);
  const { connection, stream, prefix, domain, allowMemory } = settings;
  checkConnection(connection, options.mayEnd ?? false);
  const access = await accessOf(connection, domain, API_TIMEOUT_MS);
  const watch = new ConnectionWatch(connection);
  try {
    const place = { access, connection, stream, prefix };
    const start = await setUp(settings, () => readStream(place));
    checkStream(start.config, prefix, allowMemory);
    const bindings = await setUp(settings, () =>
      watch.unlessDenied(`${access.api}.CONSUMER.MSG.NEXT.${stream}.`, readBindings(place, asyncScheduler, settings)),
    );
    return new StreamUpstream(settings, { place, start, bindings, watch });
  } catch (error) {
    watch.stop();
    throw error;
  }
}
