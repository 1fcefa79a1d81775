import type { BehaviorSubject } from 'rxjs';
import type { BusEvent } from '../events/BusEvent.js';
import { newUuid } from '../events/Uuid.js';
import { show } from '../internal/support/show.js';
import type { BusPosition } from '../receiver.js';
import type { UpstreamBus, UpstreamLink } from '../upstream.js';
import { type PlacedBinding, readBindings } from './order/bindings.js';
import type { ConnectionWatch } from './ConnectionWatch.js';
import { Doubles } from './order/Doubles.js';
import { idOf } from './outbox/entries.js';
import { ConnectionEndedError, UpstreamClosedError } from './errors.js';
import { Forwarder } from './outbox/Forwarder.js';
import { gapIn, ofOne } from './outbox/gaps.js';
import { epochOf, type StreamNow, type StreamPlace } from './stream/lineage.js';
import { LocalOrder } from './order/LocalOrder.js';
import { ticketOf, Writer } from './outbox/messages.js';
import type { Order } from './order/order.js';
import { Outbox } from './outbox/Outbox.js';
import { atMost } from './outcome.js';
import type { Pulled } from './reader/Pull.js';
import { Reader } from './reader/Reader.js';
import type { Settings } from './settings.js';
import type { JetStreamStats, JetStreamStatus } from './status.js';
import { StreamOrder } from './order/StreamOrder.js';
import { gapSubject } from './stream/subjects.js';
import { Tickets } from './outbox/Tickets.js';
import { findUnseen } from './outbox/unseen.js';
import { Waiters } from './Waiters.js';

const NANOS = 1_000_000;

/** What was learned of the stream before there was a bus. */
export interface Beginning {
  readonly place: StreamPlace;
  readonly start: StreamNow;
  readonly bindings: readonly PlacedBinding[];
  readonly watch: ConnectionWatch;
}

/** Ties an outbox and a reader to a bus. In which order the bus delivers is up to its {@link Order}. */
export class Link<E> implements UpstreamLink<E> {
  private readonly settings: Settings<E>;
  private readonly place: StreamPlace;
  private readonly order: Order<E>;
  private readonly bus: UpstreamBus<E>;
  private readonly watch: ConnectionWatch;
  private readonly status$: BehaviorSubject<JetStreamStatus>;
  private readonly writer: Writer<E>;
  private readonly outbox: Outbox;
  private readonly forwarder: Forwarder;
  private readonly reader: Reader;
  private readonly doubles: Doubles;
  private readonly waiters = new Waiters();
  /** Of `upstream.publish`. */
  readonly tickets = new Tickets();
  private readonly counts = { doubles: 0, invalid: 0, unwanted: 0, gaps: 0 };
  private epoch: string;
  /** Whether events are given up. */
  private isFailing = false;
  /** Number of events that were stored before that. */
  private storedBefore = 0;
  private isDraining = false;
  private isOver = false;
  readonly read: UpstreamLink<E>['read'];

  constructor(
    settings: Settings<E>,
    bus: UpstreamBus<E>,
    { place, start, bindings, watch }: Beginning,
    status$: BehaviorSubject<JetStreamStatus>,
  ) {
    this.settings = settings;
    this.bus = bus;
    this.place = place;
    this.watch = watch;
    this.status$ = status$;
    this.epoch = epochOf(place.stream, start.created, start.marker);
    this.doubles = new Doubles(
      4 * Math.max(settings.maxInFlight, settings.order === 'local' ? settings.maxPending : 0),
    );
    const { connection, stream, maxInFlight, ackTimeoutMs, window, waitFor, heartbeatMs, filter, subjects } = settings;
    const { giveUpMs = Math.max(1, Math.floor(start.config.duplicate_window / NANOS / 2)) } = settings;
    const ofStream = start.config.max_msg_size;
    const run = newUuid();
    this.writer = new Writer(
      settings,
      run,
      () => Math.min(connection.info?.max_payload ?? Infinity, ofStream > 0 ? ofStream : Infinity),
      () => this.reader.seq,
    );
    this.outbox = new Outbox({
      ...{ connection, stream, maxInFlight, ackTimeoutMs, giveUpMs, scheduler: bus.scheduler },
      hasOwnIds: settings.idOf === undefined,
      settled: () => {
        this.isFailing &&= this.outbox.counts.stored === this.storedBefore;
        this.forwarder.progressed();
        this.progressed();
      },
      refused: () => {
        this.update();
      },
      lost: (error, entry) => {
        this.forwarder.gaveUp(entry, error);
        this.order.gaveUp(entry);
        if (!this.isFailing) {
          this.isFailing = true;
          this.storedBefore = this.outbox.counts.stored;
          bus.log('warn', `an event was not stored: ${error.message}; stats() counts those that follow`);
        }
      },
    });
    const { maxPending, maxPendingLength } = settings;
    this.forwarder = new Forwarder({
      ...{ outbox: this.outbox, maxPending, maxPendingLength },
      gapEntry: settings.order === 'local' ? (loss, ticket) => this.writer.writeGap(loss, ticket) : undefined,
      log: (level, line) => {
        bus.log(level, `${settings.node}: ${line}`);
      },
    });
    this.order =
      settings.order === 'local'
        ? new LocalOrder(settings, bus, run, this.doubles)
        : new StreamOrder(settings, bus, place, () => this.isOver);
    this.read = this.order.read;
    this.reader = new Reader(
      {
        ...{ place, scheduler: bus.scheduler, window, waitFor, heartbeatMs, subjects, isPart: filter !== undefined },
        sink: {
          next: (pulled) => {
            this.take(pulled);
          },
          begin: (position) => {
            this.begin(position);
          },
          rebind: () => this.rebind(),
          seen: ({ isAlone }) => {
            this.outbox.streamIsAlone(isAlone);
          },
          gap: (gap, seq) => {
            this.order.hole(gap, seq);
          },
          passed: () => {
            this.progressed();
          },
          caughtUp: (isPresent) => this.caughtUp(isPresent),
          changed: () => {
            if (!this.reader.isLive) {
              // When it has begun anew, it knows again who keeps the stream.
              this.outbox.streamIsAlone(false);
            }
            this.update();
          },
          end: (error) => {
            this.end(error);
          },
          log: (level, line) => {
            bus.log(level, `${settings.node}: ${line}`);
          },
        },
      },
      start,
    );
    this.order.start({ epoch: this.epoch, seq: start.lastSeq }, bindings);
    this.reader.start();
    watch.listen({
      disconnected: () => {
        this.outbox.disconnected();
        this.reader.disconnected();
      },
      connected: () => {
        this.reader.connected();
        this.outbox.connected();
        this.update();
      },
      ended: (error) => {
        this.end(new ConnectionEndedError(error));
      },
      denied: (subject, error) => {
        this.outbox.denied(subject, error);
      },
    });
    this.update();
  }

  publish(busEvent: BusEvent<E>): void {
    this.tickets.come(ticketOf(busEvent), () => {
      this.put(busEvent);
    });
  }

  /** @throws To refuse the event. */
  private put(busEvent: BusEvent<E>): void {
    if (this.isDraining || this.isOver) {
      throw new UpstreamClosedError();
    }
    this.forwarder.requireRoom();
    const entry = this.writer.write(busEvent);
    const isForwarded = this.forwarder.add(entry);
    if (this.forwarder.isFull) {
      this.update();
    }
    // Last, since a predicate may publish meanwhile.
    this.order.published(busEvent, entry, isForwarded);
  }

  settled(): Promise<void> {
    // A flush that `waitFor` has called cannot wait for the reader, which waits for it.
    if (this.isOver || this.reader.isAsking) {
      return Promise.resolve();
    }
    return this.settings.order === 'local' ? this.roomOrOutage() : this.flush();
  }

  /** With the order `local`, everything is brought already. A source that is connected waits for the server while that stores events. */
  private roomOrOutage(): Promise<void> {
    return new Promise((resolve) => {
      this.waiters.onRoomOrOutage(resolve);
      this.checkRoom();
    });
  }

  close(): void {
    this.finish(new UpstreamClosedError());
  }

  /** Resolves when all that was published so far is stored or given up, and what is stored was brought. */
  flush(): Promise<void> {
    return this.isOver ? Promise.resolve() : this.waiters.wait(this.forwarder.newest, () => this.check());
  }

  /** Resolves when at most half of `maxPending` and of `maxPendingLength` wait. */
  ready(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.waiters.onRoom(resolve, reject);
      this.progressed();
    });
  }

  /** What `bus` is to this upstream. */
  stateOf(bus: unknown): 'open' | 'closed' | 'another' {
    return this.bus.stateOf(bus);
  }

  position(seq: number): BusPosition {
    return { epoch: this.epoch, seq };
  }

  async drain(drainMs: number): Promise<void> {
    this.isDraining = true;
    await atMost(this.bus.scheduler, drainMs, this.flush());
    this.bus.end();
    this.close();
  }

  get pending(): number {
    return this.forwarder.pending;
  }

  stats(): JetStreamStats {
    const { outbox, forwarder, reader, counts } = this;
    const { received, gaps, reopened } = reader.counts;
    return {
      ...forwarder.counts,
      ...{ pending: forwarder.pending, retried: outbox.counts.retried },
      ...{ received, reopened, ...counts, gaps: gaps + counts.gaps },
    };
  }

  private take(pulled: Pulled): void {
    const { seq, message } = pulled;
    const { order, settings } = this;
    const id = idOf(message);
    const wasPending = id !== '' && this.outbox.echo(id, seq);
    if (order.isReturn(pulled, wasPending)) {
      return;
    }
    if (id !== '' && this.doubles.has(id)) {
      this.counts.doubles += 1;
      return;
    }
    try {
      if (message.subject === gapSubject(settings.prefix)) {
        order.gap(gapIn(message), seq);
        this.counts.gaps += 1;
      } else if (!order.bring(pulled)) {
        this.counts.unwanted += 1;
      }
    } catch (error) {
      if (this.counts.invalid === 0) {
        this.bus.log('warn', `${settings.node}: the message ${seq} is no event: ${show(error)}; stats() counts more`);
      }
      this.counts.invalid += 1;
      order.gap(ofOne(), seq);
    }
  }

  private begin(position: BusPosition): void {
    this.epoch = position.epoch;
    this.doubles.clear();
    this.forwarder.forgetPlaces();
    this.order.restart(position);
    this.progressed();
  }

  /** What was under way when the connection broke is sent again, unless it is in the stream. */
  private caughtUp(isPresent: () => boolean): PromiseLike<void> | undefined {
    const { outbox, place, bus, settings } = this;
    if (outbox.unseen.length === 0) {
      outbox.caughtUp();
      return undefined;
    }
    return findUnseen(outbox, place, bus.scheduler, settings.heartbeatMs).then(() => {
      if (isPresent()) {
        outbox.caughtUp();
      }
    });
  }

  private async rebind(): Promise<void> {
    const { bus, place, settings } = this;
    const found = await readBindings(place, bus.scheduler, settings);
    if (!this.isOver) {
      this.order.rebind(found);
    }
  }

  /** Something was stored or brought. */
  private progressed(): void {
    this.waiters.check(() => this.check());
    this.update();
  }

  private check(): { oldest: number; stored: number; brought: number } {
    return { oldest: this.forwarder.oldest, stored: this.outbox.storedUpTo, brought: this.reader.seq };
  }

  private checkRoom(): void {
    const isStoring = this.watch.isConnected && !this.reader.isFailing && this.outbox.retrying === undefined;
    this.waiters.checkRoom(this.forwarder.hasRoom, isStoring);
  }

  private update(): void {
    this.checkRoom();
    const status = this.currentStatus();
    if (status !== this.status$.value) {
      this.status$.next(status);
    }
  }

  private currentStatus(): JetStreamStatus {
    if (this.isOver) {
      return 'ended';
    }
    if (!this.watch.isConnected) {
      return 'disconnected';
    }
    if (!this.reader.isLive) {
      return 'reopening';
    }
    if (this.forwarder.isFull) {
      return 'full';
    }
    return this.outbox.retrying === undefined ? 'live' : 'retrying';
  }

  private end(error: unknown): void {
    if (!this.isOver) {
      this.finish(
        error instanceof ConnectionEndedError ? error : new UpstreamClosedError(`the bus has ended: ${show(error)}`),
      );
      this.bus.end(error);
    }
  }

  private finish(error: Error): void {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    this.logLeft();
    this.watch.stop();
    this.reader.close();
    this.outbox.close(error);
    this.forwarder.close(error);
    this.tickets.close(error);
    this.waiters.close(error);
    this.update();
    this.status$.complete();
  }

  private logLeft(): void {
    const { pending, untold } = this.forwarder;
    if (pending > 0 || untold > 0) {
      const more = untold === 0 ? '' : `, and ${untold} that other processes were not told of`;
      this.bus.log('warn', `${this.settings.node}: closed with ${pending} events that may not be stored${more}`);
    }
  }
}
