import type { SchedulerLike, Subscription as Action } from 'rxjs';
import type { BusPosition, Gap } from '../../receiver.js';
import { scheduleOutOfContext } from '../../internal/support/context.js';
import { show } from '../../internal/support/show.js';
import { Credit } from './Credit.js';
import { Continuity } from './Continuity.js';
import { mark, type Marker, markerIdOf, readStream, type StreamNow, type StreamPlace } from '../stream/lineage.js';
import { Losses } from './Losses.js';
import { Pull, type Pulled } from './Pull.js';
import { leavesNothingOut } from '../stream/streamConfig.js';
import { markerSubject } from '../stream/subjects.js';

/** What a reader brings. */
export interface ReaderSink {
  /** Called with a message that is not a marker. */
  next(pulled: Pulled): void;
  /** Called when the places of the stream are others from now on. */
  begin(position: BusPosition): void;
  /** Called before a `begin` that leaves events out: reads the bindings of the stream again. */
  rebind(): Promise<void>;
  gap(gap: Omit<Gap, 'type'>, seq: number): void;
  /** Called with the state of the stream when the reader begins anew. */
  seen(now: StreamNow): void;
  /** Called when the place has changed. */
  passed(): void;
  /** Called when all was brought that was in the stream when the reader began anew. If it rejects, the reader begins anew. */
  caughtUp(isPresent: () => boolean): PromiseLike<void> | undefined;
  /** Called when the reader has a consumer, and when it has none any more. */
  changed(): void;
  end(error: unknown): void;
  log(level: 'info' | 'warn', line: string): void;
}

export interface ReaderOptions {
  readonly place: StreamPlace;
  readonly scheduler: SchedulerLike;
  /** Whether only a part of the messages is wanted. `subjects` may have others, too. */
  readonly isPart: boolean;
  readonly subjects: readonly string[] | undefined;
  readonly window: number;
  readonly waitFor: (() => PromiseLike<unknown>) | undefined;
  readonly heartbeatMs: number;
  readonly sink: ReaderSink;
}

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/**
 * Reads a stream in order, from a place on, and goes on after whatever happens to the server. It begins anew by itself, each time with a new
 * consumer right after its place, and checks each time that the stream is still the same.
 */
export class Reader {
  private readonly options: ReaderOptions;
  private readonly credit: Credit;
  private readonly continuity: Continuity;
  private pull: Pull | undefined;
  /** Whether `pull` has a part of the messages only, so that a jump in the places is no loss. */
  private isNarrow = false;
  private readonly losses: Losses;
  /** Number of the present attempt. What an earlier one brings is ignored. */
  private round = 0;
  private failures = 0;
  private retry: Action | undefined;
  private catchUpTo = 0;
  private isCatchingUp = false;
  private isConnected = true;
  private isOver = false;
  private isHandling = false;
  /** The last place that was brought. */
  seq: number;
  readonly counts = { received: 0, reopened: 0, gaps: 0 };

  constructor(options: ReaderOptions, start: StreamNow) {
    this.options = options;
    this.seq = start.lastSeq;
    const { place, scheduler, heartbeatMs } = options;
    this.continuity = new Continuity(place, scheduler, heartbeatMs, start);
    const miss = (missed: number): void => {
      this.miss(missed);
    };
    this.losses = new Losses({ place, scheduler, heartbeatMs, miss }, start.lastSeq);
    this.credit = new Credit(
      options.window,
      options.waitFor,
      () => {
        this.ask();
      },
      (error) => {
        options.sink.end(error);
      },
    );
  }

  get isLive(): boolean {
    return this.pull !== undefined;
  }

  /** Whether several attempts in a row have failed. */
  get isFailing(): boolean {
    return this.failures > 1;
  }

  /** Whether the option `waitFor` is being called right now. */
  get isAsking(): boolean {
    return this.credit.isAsking;
  }

  start(): void {
    void this.open();
  }

  disconnected(): void {
    this.isConnected = false;
    this.drop();
    this.options.sink.changed();
  }

  connected(): void {
    this.isConnected = true;
    this.failures = 0;
    void this.open();
  }

  close(): void {
    this.isOver = true;
    this.credit.close();
    this.drop();
  }

  /** Gives up the present consumer, and all attempts to get one. */
  private drop(): void {
    this.round += 1;
    this.retry?.unsubscribe();
    this.pull?.close();
    this.pull = undefined;
  }

  private readonly again = (reason: unknown): void => {
    if (this.isOver) {
      return;
    }
    this.drop();
    this.options.sink.changed();
    if (!this.isConnected) {
      return;
    }
    if (this.failures === 1) {
      this.options.sink.log(
        'warn',
        `the reader of the stream begins anew: ${typeof reason === 'string' ? reason : show(reason)}`,
      );
    }
    const wait = this.failures === 0 ? 0 : Math.min(FIRST_WAIT_MS * 2 ** (this.failures - 1), LONGEST_WAIT_MS);
    this.failures += 1;
    this.retry = scheduleOutOfContext(this.options.scheduler, () => void this.open(), Math.max(wait, 1));
  };

  private async open(): Promise<void> {
    this.drop();
    const { round } = this;
    this.catchUpTo = Infinity;
    this.isCatchingUp = true;
    try {
      if (!(await this.prepare(round))) {
        return;
      }
      const { place, subjects } = this.options;
      const mayBeNarrow = subjects !== undefined && leavesNothingOut(place.connection.info?.version);
      if (!mayBeNarrow) {
        this.skipTold();
      }
      let pull = await this.make(round, mayBeNarrow ? subjects : undefined);
      const isNarrow = mayBeNarrow && pull.isExact;
      if (mayBeNarrow && !isNarrow) {
        // The consumer is at another server than the connection, and that one is older.
        pull.close();
        if (round !== this.round) {
          return;
        }
        this.skipTold();
        pull = await this.make(round, undefined);
      }
      if (round !== this.round) {
        pull.close();
        return;
      }
      this.pull = pull;
      if (!this.isNarrow) {
        // So far it has got everything.
        this.losses.certainty.begin(this.seq);
      }
      this.isNarrow = isNarrow;
      this.losses.restart();
      this.counts.reopened += 1;
      this.ask();
      this.options.sink.changed();
      this.checkCaughtUp();
    } catch (error) {
      this.during(round, this.again)(error);
    }
  }

  /** It gets everything from now on. If it had a part, it was told what is gone up to some place. */
  private skipTold(): void {
    const { upTo } = this.losses.certainty;
    if (this.isNarrow && upTo > this.seq) {
      this.seq = upTo;
      this.continuity.skipped();
    }
  }

  private make(round: number, filter: readonly string[] | undefined): Promise<Pull> {
    const { place, heartbeatMs, scheduler } = this.options;
    return Pull.open({
      ...{ connection: place.connection, manager: place.access.manager, api: place.access.api },
      ...{ stream: place.stream, scheduler, heartbeatMs, start: { seq: this.seq + 1 }, filter },
      next: this.during(round, (pulled) => {
        this.take(pulled);
      }),
      idle: this.during(round, () => {
        this.idle();
      }),
      failed: this.during(round, this.again),
    });
  }

  /**
   * Sees what has become of the stream since the reader left it.
   *
   * @returns Whether this attempt is still the present one.
   */
  private async prepare(round: number): Promise<boolean> {
    const { place, sink } = this.options;
    const now = await readStream(place);
    const found = await this.continuity.compare(now, this.seq, this.losses.certainty.end);
    if (round !== this.round) {
      return false;
    }
    if (found === 'made anew') {
      sink.log('warn', 'the stream was made anew');
      await this.begin(round, now, Math.max(now.firstSeq - 1, now.marker?.seq ?? 0, 0));
    } else if (found === 'end lost') {
      sink.log('warn', `the end of the stream is lost: it ends at ${now.lastSeq}, and ${this.seq} was read before`);
      await mark(place, now.marker);
      // Read again, since another process may have been first.
      return round === this.round && this.prepare(round);
    } else if (found === 'marked') {
      // What was stored after the last event that was seen is new, also what came before the marker.
      await this.begin(round, now, await this.continuity.lastSeen(now));
    } else if (this.isNarrow) {
      this.losses.see(this.losses.certainty.ask(this.seq), now);
    } else if (now.firstSeq > this.seq + 1) {
      this.skipTo(now.firstSeq - 1);
    }
    if (round !== this.round) {
      return false;
    }
    this.catchUpTo = now.lastSeq;
    sink.seen(now);
    return true;
  }

  private async begin(round: number, now: StreamNow, seq: number): Promise<void> {
    await this.options.sink.rebind();
    if (round !== this.round) {
      return;
    }
    this.continuity.adopt(now);
    this.seq = seq;
    this.losses.certainty.begin(seq);
    this.options.sink.begin({ epoch: this.continuity.epoch, seq });
  }

  private skipTo(seq: number): void {
    const missed = seq - this.seq;
    this.seq = seq;
    this.continuity.skipped();
    this.miss(missed);
  }

  private miss(missed: number): void {
    const { sink, isPart } = this.options;
    this.counts.gaps += 1;
    sink.gap({ missed, byKind: { '*': missed }, ...(isPart && { atMost: true }) }, this.seq);
  }

  /** The server has nothing to send. */
  private idle(): void {
    if (this.isNarrow) {
      this.losses.certainty.idle();
      this.lookForLosses();
      this.checkCaughtUp();
    }
    this.ask();
  }

  private lookForLosses(): void {
    if (this.isNarrow && this.losses.isDue) {
      const { round } = this;
      this.losses.look(this.seq, () => round === this.round);
    }
  }

  private take(pulled: Pulled): void {
    const { sink, place } = this.options;
    const { seq, nanos, message } = pulled;
    if (seq > this.seq) {
      if (this.isNarrow) {
        this.losses.certainty.brought();
      } else if (seq > this.seq + 1) {
        this.skipTo(seq - 1);
      }
      this.seq = seq;
      this.continuity.brought(nanos);
      this.works();
      this.counts.received += 1;
      if (message.subject === markerSubject(place.prefix)) {
        this.takeMarker({ seq, id: markerIdOf(message.string()) });
      } else {
        this.isHandling = true;
        sink.next(pulled);
        this.isHandling = false;
      }
    }
    this.credit.take();
    this.ask();
    sink.passed();
    this.checkCaughtUp();
    this.lookForLosses();
  }

  /** Another process has seen that the end of the stream was lost, and this one has not: it was not as far. */
  private takeMarker(marker: Marker): void {
    if (this.continuity.takeMarker(marker)) {
      this.losses.certainty.begin(marker.seq);
      this.options.sink.begin({ epoch: this.continuity.epoch, seq: marker.seq });
    }
  }

  private ask(): void {
    // A handler may have asked to be called, by `waitFor`, while its message is still being handed over.
    if (this.pull !== undefined && !this.isHandling) {
      const room = this.credit.room(this.pull.outstanding);
      if (room > 0) {
        this.pull.ask(room);
      }
    }
  }

  private checkCaughtUp(): void {
    const { pull, round } = this;
    if (!this.isCatchingUp || pull === undefined || !(this.isNarrow ? pull.hasCaughtUp : this.seq >= this.catchUpTo)) {
      return;
    }
    this.isCatchingUp = false;
    const waits = this.options.sink.caughtUp(() => round === this.round) ?? Promise.resolve();
    waits.then(this.during(round, this.works), this.during(round, this.again));
  }

  /** Calls `act` only while the attempt `round` is the present one. */
  private during<A extends unknown[]>(round: number, act: (...args: A) => void): (...args: A) => void {
    return (...args) => {
      if (round === this.round) {
        act(...args);
      }
    };
  }

  /** It has brought something, or has caught up. */
  private readonly works = (): void => {
    if (this.failures > 1) {
      this.options.sink.log('info', 'the reader of the stream goes on');
    }
    this.failures = 0;
  };
}
