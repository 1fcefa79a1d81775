import { Acks } from './Acks.js';
import { type Ack, conditionSize, type Entry, headersOf, reasonOf } from './entries.js';
import { NotStoredError } from '../errors.js';
import { Lanes } from './Lanes.js';
import type { OutboxOptions } from './OutboxOptions.js';
import { RunLength } from './RunLength.js';
import { backOff, beginAttempt, endRefused, type Pending, pendingOf, tooLate } from './pending.js';
import { Ticker } from './Ticker.js';
import { CODES } from '../stream/streamConfig.js';

/**
 * Stores events, those of a lane in their order, however often they are sent: an event is sent when all before it in its lane are settled, or right
 * behind the one before it, and then on the condition that the server stores it right behind that one. See docs/decisions.md, D-122.
 *
 * Invariants: `entries` has each event that is neither stored nor given up, in the order of `add`; `inFlight` has those that were sent and do not
 * wait to be sent again by their lane.
 */
export class Outbox {
  private readonly options: OutboxOptions;
  private readonly acks: Acks;
  private readonly entries = new Map<number, Pending>();
  /** What was sent. If two have the same id, the later one. */
  private readonly byId = new Map<string, Pending>();
  private readonly lanes = new Lanes<Pending>();
  private readonly runs: RunLength;
  private readonly inFlight = new Map<number, Pending>();
  private readonly ticker: Ticker;
  private lastNumber = 0;
  private isConnected = true;
  /** Whether an event may be sent before those before it are settled. */
  private mayFollow = false;
  private isOver = false;
  /** Length of the events in `entries`, as they are written, in characters. */
  length = 0;
  /** The largest place of an event of ours that is stored, and that the reader brings. */
  storedUpTo = 0;
  readonly counts = { published: 0, stored: 0, failed: 0, retried: 0 };
  /** Why the last attempt that was refused has failed, while events are sent again. */
  private refusal: string | undefined;

  constructor(options: OutboxOptions) {
    this.options = options;
    this.runs = new RunLength(options.maxInFlight);
    this.ticker = new Ticker(options.scheduler, (isLate) => this.check(isLate));
    this.acks = new Acks(options.connection, (number, attempt, ack) => {
      this.answered(number, attempt, ack);
    });
  }

  get pending(): number {
    return this.entries.size;
  }

  get inFlightCount(): number {
    return this.inFlight.size;
  }

  /** Why events are being sent again, if they are. */
  get retrying(): string | undefined {
    return this.refusal;
  }

  /** The number of the newest event. */
  get newest(): number {
    return this.lastNumber;
  }

  /** The number of the oldest event that is neither stored nor given up; `Infinity` without one. */
  get oldest(): number {
    for (const number of this.entries.keys()) {
      return number;
    }
    return Infinity;
  }

  add(entry: Entry): void {
    this.lastNumber += 1;
    this.counts.published += 1;
    const sent = pendingOf(entry, this.lastNumber);
    this.length += entry.payload.length;
    this.entries.set(sent.number, sent);
    this.lanes.add(sent);
    this.pump();
  }

  /**
   * Tells that the reader has got a message with this id: it is stored.
   *
   * @returns Whether it was waited for.
   */
  echo(id: string, seq: number): boolean {
    const sent = this.byId.size > 0 ? this.byId.get(id) : undefined;
    if (sent !== undefined) {
      this.settle(sent, seq);
    }
    return sent !== undefined;
  }

  /**
   * Whether the server keeps the stream alone. Replicas do not agree on what was stored last after one of them has caught up, so nothing is stored on
   * that condition then.
   */
  streamIsAlone(isAlone: boolean): void {
    this.mayFollow = isAlone;
    this.pump();
  }

  disconnected(): void {
    this.isConnected = false;
    this.mayFollow = false;
    for (const sent of this.entries.values()) {
      if (sent.attempt > 0) {
        // Also what waits to be sent again may be stored.
        this.inFlight.set(sent.number, sent);
        this.lanes.markSent(sent);
        sent.isUnsure = true;
      }
    }
    this.lanes.cut();
  }

  connected(): void {
    this.isConnected = true;
    this.pump();
  }

  /** The reader has passed all that was stored before the connection broke. What it has not brought is sent again. */
  caughtUp(): void {
    this.forEachInFlight((sent) => {
      if (sent.isUnsure) {
        sent.isUnsure = false;
        sent.since = undefined;
        this.putBack(sent);
      }
    });
    this.pump();
  }

  /** The places of the stream are others now. */
  forgetPlaces(): void {
    this.storedUpTo = 0;
    for (const sent of this.entries.values()) {
      sent.after &&= 0;
    }
  }

  /** Events that may be stored, which only reading them can show, and which the reader does not bring. */
  get unseen(): readonly { readonly subject: string; readonly after: number }[] {
    return [...this.inFlight.values()].flatMap(({ isUnsure, subject, after }) =>
      isUnsure && after !== undefined ? [{ subject, after }] : [],
    );
  }

  /** The server has refused the right to publish to `subject`. */
  denied(subject: string, error: unknown): void {
    this.forEachInFlight((sent) => {
      if (sent.subject === subject) {
        this.giveUp(
          sent,
          new NotStoredError('the user has no right to publish to its subject', false, { cause: error }),
        );
      }
    });
  }

  /** Ends it. Each event that is not stored fails with `error`. */
  close(error: Error): void {
    if (this.isOver) {
      return;
    }
    this.isOver = true;
    this.ticker.stop();
    this.acks.close();
    const left = [...this.entries.values()];
    for (const map of [this.entries, this.byId, this.lanes, this.inFlight]) {
      map.clear();
    }
    this.length = 0;
    left.forEach(({ ticket }) => {
      ticket?.failed(error);
    });
  }

  private now(): number {
    return this.options.scheduler.now();
  }

  /** Sends what may be sent. Lanes that wait for their turn share the places that are free. */
  private pump(): void {
    let share = 0;
    while (this.room > 0) {
      const first = this.lanes.first();
      const follower = share > 0 || first === undefined ? this.follower() : undefined;
      if (follower !== undefined) {
        share -= 1;
        this.send(...follower);
      } else if (first !== undefined && !this.isExpired(first)) {
        share = Math.floor(this.room / this.lanes.waiting) - 1;
        this.send(first);
      } else {
        return;
      }
    }
  }

  /** How many more may be on their way now. */
  private get room(): number {
    return this.isConnected ? this.options.maxInFlight - this.inFlight.size : 0;
  }

  private follower(): readonly [sent: Pending, before: Pending] | undefined {
    if (!this.mayFollow || this.refusal !== undefined) {
      return undefined;
    }
    const found = this.lanes.follower(this.runs.value);
    if (found === undefined) {
      return undefined;
    }
    const [sent, before] = found;
    // An id that was stored earlier says nothing about what is sent before the event that has it now.
    const isSafe = this.options.hasOwnIds || this.lanes.isFirst(before);
    return isSafe && !this.isExpired(sent) && sent.spareBytes >= conditionSize(before.id) ? found : undefined;
  }

  /** @param before After which event it must be stored, if not after all that are there. */
  private send(sent: Pending, before?: Pending): void {
    const { connection, stream, ackTimeoutMs } = this.options;
    beginAttempt(sent, this.now(), ackTimeoutMs, this.runs.nextSend(), before !== undefined);
    this.counts.retried += sent.attempt > 1 ? 1 : 0;
    this.inFlight.set(sent.number, sent);
    this.byId.set(sent.id, sent);
    this.lanes.markSent(sent);
    this.ticker.start();
    try {
      const reply = this.acks.replyTo(sent.number, sent.attempt);
      connection.publish(sent.subject, sent.payload, { reply, headers: headersOf(sent, stream, before?.id) });
    } catch {
      // The connection is closed or draining. Its end is told elsewhere.
    }
  }

  /** Sends it again, if all before it in its lane are settled. Otherwise it waits for its turn. */
  private again(sent: Pending): void {
    if (this.lanes.isFirst(sent)) {
      this.send(sent);
    } else {
      this.putBack(sent);
    }
  }

  /** The server has refused it, and it waits for its turn. */
  private turnedAway(sent: Pending): void {
    endRefused(sent);
    this.putBack(sent);
  }

  private putBack(sent: Pending): void {
    this.inFlight.delete(sent.number);
    this.lanes.returned(sent);
  }

  private answered(number: number, attempt: number, { seq, error }: Ack): void {
    const sent = this.entries.get(number);
    if (sent === undefined || sent.attempt === 0) {
      return;
    }
    if (seq !== undefined && error === undefined) {
      this.settle(sent, seq);
    } else if (sent.isSent && sent.attempt === attempt && !sent.isUnsure) {
      this.refused(sent, error ?? {});
    }
  }

  private refused(sent: Pending, error: NonNullable<Ack['error']>): void {
    const { err_code: errorCode } = error;
    if (sent.isConditional && (errorCode === CODES.wrongLastId || errorCode === CODES.messageTooLarge)) {
      // Another message has come in between; or the stream allows less than when the event was written, and it may fit alone.
      if (errorCode === CODES.wrongLastId) {
        this.runs.refused(sent.send);
      }
      this.turnedAway(sent);
      this.pump();
      return;
    }
    if (errorCode === CODES.messageTooLarge || errorCode === CODES.wrongStream) {
      this.giveUp(sent, new NotStoredError(reasonOf(error), false));
      return;
    }
    // No leader, no room, not ready: all of these pass, and nothing tells them from what stays.
    this.refusal = reasonOf(error);
    if (this.lanes.isFirst(sent)) {
      backOff(sent, this.now());
      this.lanes.cut();
    } else {
      this.turnedAway(sent);
    }
    this.options.refused();
    this.pump();
  }

  private settle(sent: Pending, seq: number): void {
    if (sent.after === undefined) {
      this.storedUpTo = Math.max(this.storedUpTo, seq);
    }
    this.counts.stored += 1;
    this.runs.grow();
    this.refusal = undefined;
    this.remove(sent);
    sent.ticket?.stored(seq);
    this.options.settled();
  }

  private giveUp(sent: Pending, error: NotStoredError): void {
    this.counts.failed += 1;
    this.remove(sent);
    sent.ticket?.failed(error);
    this.options.lost(error, sent);
    this.options.settled();
  }

  private remove(sent: Pending): void {
    this.entries.delete(sent.number);
    this.length -= sent.payload.length;
    this.inFlight.delete(sent.number);
    if (this.inFlight.size === 0) {
      this.refusal = undefined;
    }
    if (this.byId.get(sent.id) === sent) {
      this.byId.delete(sent.id);
    }
    this.lanes.remove(sent);
    this.pump();
  }

  /**
   * Sends again what has got no answer in time.
   *
   * @param isLate Whether answers may have come that are not read yet. Then each event is given one more chance.
   * @returns Whether something was sent that is not settled.
   */
  private check(isLate: boolean): boolean {
    const now = this.now();
    if (this.isConnected) {
      this.forEachInFlight((sent) => {
        if (sent.isUnsure || sent.due > now) {
          return;
        }
        if (isLate && !sent.isOverdue) {
          sent.isOverdue = true;
        } else {
          this.late(sent);
        }
      });
      this.giveUpExpired();
    }
    // What was put back has left its places.
    this.pump();
    return [...this.entries.values()].some(({ attempt }) => attempt > 0);
  }

  /** Calls `each` with what is in flight now. The application, which may be called meanwhile, may close this or store some of it. */
  private forEachInFlight(each: (sent: Pending) => void): void {
    for (const sent of [...this.inFlight.values()]) {
      if (this.inFlight.has(sent.number)) {
        each(sent);
      }
    }
  }

  private late(sent: Pending): void {
    if (this.isExpired(sent)) {
      this.expire(sent);
      return;
    }
    this.refusal ??= 'no answer came';
    this.again(sent);
    this.options.refused();
  }

  /** Whether it may have been stored so long ago that the server may have forgotten its id. It is not sent again then. */
  private isExpired({ since }: Pending): boolean {
    return since !== undefined && this.now() - since >= this.options.giveUpMs;
  }

  private expire(sent: Pending): void {
    this.giveUp(sent, tooLate(sent, this.options.giveUpMs, this.refusal));
  }

  /** Also what waits for its turn again expires. */
  private giveUpExpired(): void {
    for (const sent of [...this.entries.values()]) {
      if (!sent.isSent && this.entries.has(sent.number) && this.isExpired(sent)) {
        this.expire(sent);
      }
    }
  }
}
