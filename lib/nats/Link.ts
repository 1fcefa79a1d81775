import type { BehaviorSubject } from 'rxjs';
import type { BusEvent } from '../events/BusEvent.js';
import { newUuid } from '../events/Uuid.js';
import { show } from '../internal/support/show.js';
import type { BusPosition } from '../receiver.js';
import type { UpstreamBus, UpstreamLink, UpstreamPage, UpstreamRead } from '../upstream.js';
import { type PlacedBinding, readBindings } from './bindings.js';
import type { ConnectionWatch } from './ConnectionWatch.js';
import { Decoder } from './Decoder.js';
import { Doubles } from './Doubles.js';
import { ConnectionEndedError, OutboxFullError, UpstreamClosedError } from './errors.js';
import { epochOf, type StreamNow, type StreamPlace } from './lineage.js';
import { idOf, ticketOf, Writer } from './messages.js';
import { Outbox } from './Outbox.js';
import { atMost, pause } from './outcome.js';
import { readPage } from './pages.js';
import type { Pulled } from './Pull.js';
import { Reader } from './Reader.js';
import { Registrations } from './Registrations.js';
import type { Settings } from './settings.js';
import type { JetStreamStats, JetStreamStatus } from './status.js';
import { Tickets } from './Tickets.js';
import { findUnseen } from './unseen.js';
import { Waiters } from './Waiters.js';

const NANOS = 1_000_000;
const PAGE_RETRY_MS = 200;
/** As the default of `maxBindings`. */
const MAX_SESSIONS = 65_536;

/** What was learned of the stream before there was a bus. */
export interface Beginning {
  readonly place: StreamPlace;
  readonly start: StreamNow;
  readonly bindings: readonly PlacedBinding[];
  readonly watch: ConnectionWatch;
}

/** Ties an outbox and a reader to a bus. */
export class Link<E> implements UpstreamLink<E> {
  private readonly settings: Settings<E>;
  private readonly place: StreamPlace;
  private readonly bus: UpstreamBus<E>;
  private readonly watch: ConnectionWatch;
  private readonly status$: BehaviorSubject<JetStreamStatus>;
  private readonly writer: Writer<E>;
  private readonly outbox: Outbox;
  private readonly reader: Reader;
  private readonly doubles: Doubles;
  private readonly registrations = new Registrations(MAX_SESSIONS);
  private readonly decoder: Decoder<E>;
  private readonly waiters = new Waiters();
  /** Of `upstream.publish`. */
  readonly tickets = new Tickets();
  private readonly counts = { doubles: 0, invalid: 0, unwanted: 0 };
  private epoch: string;
  private isFailing = false;
  private isDraining = false;
  private isOver = false;

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
    this.doubles = new Doubles(4 * settings.maxInFlight);
    this.decoder = new Decoder(settings, this.registrations);
    const { connection, stream, maxInFlight, ackTimeoutMs, window, waitFor, heartbeatMs, filter, subjects } = settings;
    const { giveUpMs = Math.max(1, Math.floor(start.config.duplicate_window / NANOS / 2)) } = settings;
    const ofStream = start.config.max_msg_size;
    this.writer = new Writer(
      settings,
      newUuid(),
      () => Math.min(connection.info?.max_payload ?? Infinity, ofStream > 0 ? ofStream : Infinity),
      () => this.reader.seq,
    );
    this.outbox = new Outbox({
      ...{ connection, stream, maxInFlight, ackTimeoutMs, giveUpMs, scheduler: bus.scheduler },
      settled: () => {
        this.isFailing &&= this.outbox.retrying !== undefined;
        this.progressed();
      },
      refused: () => {
        this.update();
      },
      lost: (error) => {
        if (!this.isFailing) {
          this.isFailing = true;
          bus.log('warn', `an event was not stored: ${error.message}; stats() counts those that follow`);
        }
      },
    });
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
          gap: (gap, seq) => {
            bus.gap(gap, seq);
          },
          passed: () => {
            this.progressed();
          },
          caughtUp: (isPresent) => this.caughtUp(isPresent),
          changed: () => {
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
    bus.begin({ epoch: this.epoch, seq: start.lastSeq });
    this.learn(bindings);
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
    const { outbox, settings } = this;
    const { maxPending, maxPendingLength } = settings;
    if (this.isDraining || this.isOver) {
      throw new UpstreamClosedError();
    }
    if (outbox.pending >= maxPending) {
      throw new OutboxFullError(outbox.pending, outbox.length, `maxPending is ${maxPending}`);
    }
    const entry = this.writer.write(busEvent);
    if (outbox.pending > 0 && outbox.length + entry.payload.length > maxPendingLength) {
      throw new OutboxFullError(outbox.pending, outbox.length, `maxPendingLength is ${maxPendingLength}`);
    }
    outbox.add(entry);
    if (this.isFull) {
      this.update();
    }
  }

  settled(): Promise<void> {
    // A flush that `waitFor` has called cannot wait for the reader, which waits for it.
    return this.isOver || this.reader.isAsking ? Promise.resolve() : this.flush();
  }

  async read(request: UpstreamRead<E>): Promise<UpstreamPage<E>> {
    const { place, settings, bus } = this;
    const doubles = new Doubles(4 * settings.maxInFlight);
    for (;;) {
      try {
        return await readPage(
          place,
          bus.scheduler,
          settings.heartbeatMs,
          this.decoder.narrowed(request),
          (pulled) => this.decoder.deliveryOf(pulled, doubles),
          (missed) => this.decoder.gapOf(missed),
        );
      } catch (error) {
        bus.log('info', `${settings.node}: ${show(error)}; it is tried again`);
        await pause(bus.scheduler, PAGE_RETRY_MS);
      }
      if (this.isOver) {
        throw new UpstreamClosedError();
      }
    }
  }

  close(): void {
    this.finish(new UpstreamClosedError());
  }

  /** Resolves when all that was published so far is stored or given up, and what is stored was brought. */
  flush(): Promise<void> {
    return this.isOver ? Promise.resolve() : this.waiters.wait(this.outbox.newest, () => this.check());
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

  private get isFull(): boolean {
    const { maxPending, maxPendingLength } = this.settings;
    return this.outbox.pending >= maxPending || this.outbox.length >= maxPendingLength;
  }

  get pending(): number {
    return this.outbox.pending;
  }

  stats(): JetStreamStats {
    const { outbox, reader, counts } = this;
    const { published, stored, failed, retried } = outbox.counts;
    const { received, gaps, reopened } = reader.counts;
    return {
      ...{ published, stored, failed, pending: outbox.pending, inFlight: outbox.sent, retried },
      ...{ received, gaps, reopened, ...counts },
    };
  }

  private take(pulled: Pulled): void {
    const { seq, message } = pulled;
    const id = idOf(message);
    if (id !== '') {
      this.outbox.echo(id, seq);
      if (this.doubles.has(id)) {
        this.counts.doubles += 1;
        return;
      }
    }
    try {
      const { busEvent, binding } = this.decoder.eventIn(pulled);
      if (this.decoder.wants(busEvent)) {
        // The bus does not bind it: it may have learned a registration that comes later in the stream, and other buses have not.
        this.bus.event(busEvent, seq, true);
      } else {
        this.counts.unwanted += 1;
      }
      if (binding !== undefined) {
        this.registrations.learn(binding, seq);
        this.bus.bind(binding);
      }
    } catch (error) {
      if (this.counts.invalid === 0) {
        this.bus.log(
          'warn',
          `${this.settings.node}: the message ${seq} is no event: ${show(error)}; stats() counts more`,
        );
      }
      this.counts.invalid += 1;
      this.bus.gap(this.decoder.gapOf(1), seq);
    }
  }

  private begin(position: BusPosition): void {
    this.epoch = position.epoch;
    this.doubles.clear();
    this.outbox.forgetPlaces();
    this.bus.begin(position);
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
      this.registrations.clear();
      this.learn(found);
    }
  }

  private learn(bindings: readonly PlacedBinding[]): void {
    bindings.forEach(({ binding, seq }) => {
      this.registrations.learn(binding, seq);
      this.bus.bind(binding);
    });
  }

  /** Something was stored or brought. */
  private progressed(): void {
    this.waiters.check(() => this.check());
    const { maxPending, maxPendingLength } = this.settings;
    this.waiters.checkRoom(this.outbox.pending <= maxPending / 2 && this.outbox.length <= maxPendingLength / 2);
    this.update();
  }

  private check(): { oldest: number; stored: number; brought: number } {
    return { oldest: this.outbox.oldest, stored: this.outbox.storedUpTo, brought: this.reader.seq };
  }

  private update(): void {
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
    if (this.isFull) {
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
    const { pending } = this.outbox;
    if (pending > 0) {
      this.bus.log('warn', `${this.settings.node}: closed with ${pending} events that may not be stored`);
    }
    this.watch.stop();
    this.reader.close();
    this.outbox.close(error);
    this.tickets.close(error);
    this.waiters.close(error);
    this.update();
    this.status$.complete();
  }
}
