import type { Entry, Ticket } from './entries.js';
import { NotStoredError, OutboxFullError } from '../errors.js';
import { Loss } from './gaps.js';
import type { Outbox } from './Outbox.js';

export interface ForwarderOptions {
  readonly outbox: Outbox;
  readonly maxPending: number;
  readonly maxPendingLength: number;
  /** Writes the message that tells other processes of a gap. Without it, events that are too many are refused. */
  readonly gapEntry: ((loss: Loss, ticket: Ticket) => Entry) | undefined;
  readonly log: (level: 'info' | 'warn', line: string) => void;
}

/** A gap that other processes have to be told. `entry` is its message, from the first attempt to store it on. */
interface Untold {
  readonly loss: Loss;
  entry: Entry | undefined;
}

/**
 * Gives events to an outbox, and keeps it bounded. With order `local`, what the outbox has no room for is a gap in its place: everything that was
 * published before is stored first, then the message of the gap, then the rest.
 *
 * Invariants: `line` has what comes after the outbox, in order, and begins with a gap if nothing `isTelling`; an outbox that has a gap has
 * nothing else. So each item goes through the outbox in its turn, and has the number that it had in the count of `accepted`.
 */
export class Forwarder {
  private readonly options: ForwarderOptions;
  private line: (Entry | Untold)[] = [];
  /** Events in `line`, and their length. */
  private waiting = { count: 0, length: 0 };
  /** Whether the outbox was full, and half of it has not become free. */
  private isLosing = false;
  /** The gap whose message is in the outbox. */
  private telling: Untold | undefined;
  private isOver = false;
  /** Number of events and gaps that were given to this forwarder. */
  private accepted = 0;
  /** How often the message of a gap was given to the outbox again. */
  private resent = 0;
  private readonly gaps = { sent: 0, stored: 0, failed: 0 };
  private notForwarded = 0;
  /** `notForwarded` before the log said that the outbox is full. `undefined` if it has not said so, or has said that it is over. */
  private before: number | undefined;
  /** Whether the log has said that a gap cannot be told. */
  private isMute = false;

  constructor(options: ForwarderOptions) {
    this.options = options;
  }

  /** Number of events that are neither stored nor given up. */
  get pending(): number {
    return this.options.outbox.pending + this.waiting.count - (this.telling === undefined ? 0 : 1);
  }

  /** Their length, in characters. */
  get length(): number {
    return this.options.outbox.length + this.waiting.length;
  }

  /** The number of the newest event or gap. */
  get newest(): number {
    return this.accepted;
  }

  /** The number of the oldest event or gap that is neither stored nor given up; `Infinity` without one. */
  get oldest(): number {
    const { outbox } = this.options;
    if (outbox.pending > 0) {
      return outbox.oldest - this.resent;
    }
    return this.line.length > 0 ? this.accepted - this.line.length + 1 : Infinity;
  }

  /** Whether no event is taken now. */
  get isFull(): boolean {
    const { maxPending, maxPendingLength } = this.options;
    return this.isLosing || this.pending >= maxPending || this.length >= maxPendingLength;
  }

  /** Whether at most half of what may wait does so. */
  get hasRoom(): boolean {
    const { maxPending, maxPendingLength } = this.options;
    return this.pending <= maxPending / 2 && this.length <= maxPendingLength / 2;
  }

  /** Events in gaps that other processes were not told of. */
  get untold(): number {
    const left = this.line.reduce((sum, item) => sum + (isGap(item) ? item.loss.missed : 0), 0);
    return left + (this.telling?.loss.missed ?? 0);
  }

  get counts(): { published: number; stored: number; failed: number; inFlight: number; notForwarded: number } {
    const { outbox } = this.options;
    const { published, stored, failed } = outbox.counts;
    const { gaps, notForwarded } = this;
    return {
      published: published - gaps.sent + this.waiting.count + notForwarded,
      stored: stored - gaps.stored,
      failed: failed - gaps.failed,
      inFlight: this.telling === undefined ? outbox.inFlightCount : 0,
      notForwarded,
    };
  }

  /** @throws OutboxFullError if no event would be taken, whatever its length, and no gap can tell it. */
  requireRoom(): void {
    if (this.options.gapEntry === undefined && this.pending >= this.options.maxPending) {
      throw this.full();
    }
  }

  /**
   * Takes an event.
   *
   * @returns Whether it is forwarded. If not, it is part of a gap.
   * @throws OutboxFullError if there is no room, and no gap can tell it.
   */
  add(entry: Entry): boolean {
    const error = this.refusalOf(entry);
    if (error !== undefined) {
      if (this.options.gapEntry === undefined) {
        throw error;
      }
      this.lose(entry, error);
      return false;
    }
    this.accepted += 1;
    if (this.line.length === 0 && this.telling === undefined) {
      this.options.outbox.add(entry);
    } else {
      this.line.push(entry);
      this.waiting.count += 1;
      this.waiting.length += entry.payload.length;
    }
    return true;
  }

  /** The outbox has given up an event. Other processes are told, later than its place. */
  gaveUp({ kind }: Entry, { unknown }: NotStoredError): void {
    if (kind !== undefined && this.options.gapEntry !== undefined) {
      this.tell(kind, !unknown);
    }
  }

  /** Goes on after the outbox has stored or given up something. */
  progressed(): void {
    if (this.isLosing && this.hasRoom) {
      this.isLosing = false;
    }
    const { outbox } = this.options;
    while (this.telling === undefined && this.line.length > 0 && !this.isOver) {
      const first = this.line[0] as Entry | Untold;
      if (isGap(first)) {
        if (outbox.pending > 0) {
          return;
        }
        this.line.shift();
        this.send(first);
      } else {
        const end = this.line.findIndex(isGap);
        for (const entry of this.line.splice(0, end === -1 ? this.line.length : end) as Entry[]) {
          this.waiting.count -= 1;
          this.waiting.length -= entry.payload.length;
          outbox.add(entry);
        }
      }
    }
    this.logEnd();
  }

  /** The places of the stream are others now. */
  forgetPlaces(): void {
    this.options.outbox.forgetPlaces();
    this.line = this.line.map((item) => (isGap(item) || item.after === undefined ? item : { ...item, after: 0 }));
  }

  /** Ends it. Each event that the outbox has not got fails with `error`. */
  close(error: Error): void {
    this.isOver = true;
    const left = this.line.splice(0);
    this.waiting = { count: 0, length: 0 };
    left.forEach((item) => {
      if (!isGap(item)) {
        item.ticket?.failed(error);
      }
    });
  }

  private full(): OutboxFullError {
    const { maxPending } = this.options;
    return new OutboxFullError(this.pending, this.length, `maxPending is ${maxPending}`);
  }

  /** Why there is no room for `entry`; `undefined` if there is. */
  private refusalOf(entry: Entry): OutboxFullError | undefined {
    const { pending, length } = this;
    const { maxPending, maxPendingLength, gapEntry } = this.options;
    this.isLosing &&= !this.hasRoom;
    // Without it, bindings would stay different for ever, and no gap says that. So registrations have as much room again.
    const isRegistration = gapEntry !== undefined && entry.pair !== undefined;
    if (isRegistration && pending < 2 * maxPending && length < 2 * maxPendingLength) {
      return undefined;
    }
    if (pending >= maxPending || (this.isLosing && pending > maxPending / 2)) {
      return this.full();
    }
    const isTooLong = pending > 0 && length + entry.payload.length > maxPendingLength;
    return isTooLong || this.isLosing
      ? new OutboxFullError(pending, length, `maxPendingLength is ${maxPendingLength}`)
      : undefined;
  }

  private lose(entry: Entry, error: OutboxFullError): void {
    this.isLosing = true;
    this.notForwarded += 1;
    if (this.before === undefined) {
      this.before = this.notForwarded - 1;
      const { pending } = error;
      this.options.log(
        'warn',
        `${pending} events wait to be stored, as many as fit: further ones are not forwarded, and counted in stats()`,
      );
    }
    this.tell(entry.kind ?? '', true);
    entry.ticket?.failed(
      new NotStoredError('the event was not forwarded, since the outbox is full', false, { cause: error }),
    );
  }

  /** Adds an event to the gap at the end of the line. */
  private tell(kind: string, isSure: boolean): void {
    const last = this.line.at(-1);
    // A message that may have been stored stays as it is.
    if (last !== undefined && isGap(last) && last.entry === undefined) {
      last.loss.add(kind, isSure);
      return;
    }
    const loss = new Loss();
    loss.add(kind, isSure);
    this.accepted += 1;
    this.line.push({ loss, entry: undefined });
  }

  private send(gap: Untold): void {
    const { outbox, gapEntry } = this.options;
    this.telling = gap;
    this.gaps.sent += 1;
    if (gap.entry !== undefined) {
      this.resent += 1;
    }
    gap.entry ??= (gapEntry as NonNullable<typeof gapEntry>)(gap.loss, {
      stored: () => {
        this.telling = undefined;
        this.gaps.stored += 1;
        this.isMute = false;
      },
      failed: (error) => {
        this.telling = undefined;
        this.gaps.failed += 1;
        this.failed(gap, error);
      },
    });
    outbox.add(gap.entry);
  }

  private failed(gap: Untold, error: unknown): void {
    if (error instanceof NotStoredError && error.unknown) {
      // With the same id, it is told once, however often it is stored.
      this.line.unshift(gap);
    } else if (error instanceof NotStoredError && !this.isMute) {
      this.isMute = true;
      const { missed } = gap.loss;
      this.options.log('warn', `other processes are not told that ${missed} events are missing: ${error.message}`);
    }
  }

  private logEnd(): void {
    if (this.before !== undefined && this.line.length === 0 && this.options.outbox.pending === 0) {
      const missed = this.notForwarded - this.before;
      this.before = undefined;
      this.options.log('info', `all events are forwarded again; ${missed} were not forwarded`);
    }
  }
}

function isGap(item: Entry | Untold): item is Untold {
  return 'loss' in item;
}
