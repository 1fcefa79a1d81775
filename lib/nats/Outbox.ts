import type { Msg, NatsConnection, Subscription } from '@nats-io/nats-core';
import type { SchedulerLike, Subscription as Action } from 'rxjs';
import { scheduleOutOfContext } from '../internal/support/context.js';
import { show } from '../internal/support/show.js';
import { type Ack, answerIn, type Entry, headersOf } from './entries.js';
import { NotStoredError } from './errors.js';
import { newInbox } from './Pull.js';
import { CODES } from './streamConfig.js';

/** An entry on its way. */
interface Sent extends Entry {
  readonly number: number;
  after: number | undefined;
  next: Sent | undefined;
  attempt: number;
  /** When the first attempt was made after which it may have been stored. */
  since: number;
  /** When it is sent again without an answer. */
  due: number;
  /** Whether the connection broke while it was under way. It is sent again when the reader shows whether it was stored. */
  isUnsure: boolean;
}

interface Lane {
  head: Sent;
  tail: Sent;
}

export interface OutboxOptions {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly maxInFlight: number;
  readonly ackTimeoutMs: number;
  readonly giveUpMs: number;
  readonly scheduler: SchedulerLike;
  /** Called after an event was stored or given up. */
  readonly settled: () => void;
  /** Called when an event is to be sent again. */
  readonly refused: () => void;
  /** Called with an event that was given up. */
  readonly lost: (error: NotStoredError, entry: Entry) => void;
}

const TICK_MS = 50;
const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/**
 * Stores events. Of each lane, one event is under way at a time, so that events of a lane are stored in their order, however often they
 * are sent.
 *
 * Invariants: `entries` has each event that is neither stored nor given up, in the order of `add`; `inFlight` has those that were sent, at
 * most one of each lane; a lane is in `lanes` if it has an event, and in `ready` if its first event is to be sent.
 */
export class Outbox {
  private readonly options: OutboxOptions;
  private readonly inbox: string;
  private readonly acks: Subscription;
  private readonly entries = new Map<number, Sent>();
  /** What is in flight. If two have the same id, the later one. */
  private readonly byId = new Map<string, Sent>();
  private readonly lanes = new Map<string, Lane>();
  private ready: Lane[] = [];
  private firstReady = 0;
  private readonly inFlight = new Map<number, Sent>();
  private tick: Action | undefined;
  private lastNumber = 0;
  private isConnected = true;
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
    this.inbox = newInbox(options.connection);
    this.acks = options.connection.subscribe(`${this.inbox}.*.*`, {
      callback: (error, message) => {
        if (error === null) {
          this.takeAck(message);
        }
      },
    });
  }

  get pending(): number {
    return this.entries.size;
  }

  get sent(): number {
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
    const { id, subject, payload, lane: key, kind, pair, run, ticket, after } = entry;
    const sent: Sent = {
      number: this.lastNumber,
      id,
      subject,
      payload,
      lane: key,
      kind,
      pair,
      run,
      ticket,
      after,
      next: undefined,
      attempt: 0,
      since: 0,
      due: 0,
      isUnsure: false,
    };
    this.length += payload.length;
    this.entries.set(sent.number, sent);
    const lane = this.lanes.get(key);
    if (lane === undefined) {
      const made = { head: sent, tail: sent };
      this.lanes.set(key, made);
      this.ready.push(made);
      this.pump();
    } else {
      lane.tail.next = sent;
      lane.tail = sent;
    }
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

  disconnected(): void {
    this.isConnected = false;
    for (const sent of this.inFlight.values()) {
      sent.isUnsure = true;
    }
  }

  connected(): void {
    this.isConnected = true;
    this.pump();
  }

  /** The reader has passed all that was stored before the connection broke. What it has not brought is sent again. */
  caughtUp(): void {
    for (const sent of this.inFlight.values()) {
      if (sent.isUnsure) {
        sent.isUnsure = false;
        sent.since = this.now();
        this.sendAgain(sent);
      }
    }
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
    this.tick?.unsubscribe();
    this.acks.unsubscribe();
    const left = [...this.entries.values()];
    for (const map of [this.entries, this.byId, this.lanes, this.inFlight]) {
      map.clear();
    }
    this.ready = [];
    this.length = 0;
    left.forEach(({ ticket }) => {
      ticket?.failed(error);
    });
  }

  private now(): number {
    return this.options.scheduler.now();
  }

  private pump(): void {
    while (this.isConnected && this.inFlight.size < this.options.maxInFlight && this.firstReady < this.ready.length) {
      const { head } = this.ready[this.firstReady] as Lane;
      this.firstReady += 1;
      this.inFlight.set(head.number, head);
      this.byId.set(head.id, head);
      head.since = this.now();
      this.send(head);
    }
    if (this.firstReady > 1_024 || this.firstReady === this.ready.length) {
      this.ready.splice(0, this.firstReady);
      this.firstReady = 0;
    }
  }

  private send(sent: Sent): void {
    const { connection, stream, ackTimeoutMs } = this.options;
    sent.attempt += 1;
    sent.due = this.now() + ackTimeoutMs;
    this.schedule();
    try {
      const reply = `${this.inbox}.${sent.number}.${sent.attempt}`;
      connection.publish(sent.subject, sent.payload, { reply, headers: headersOf(sent, stream) });
    } catch {
      // The connection is closed or draining. Its end is told elsewhere.
    }
  }

  private sendAgain(sent: Sent): void {
    this.counts.retried += 1;
    this.send(sent);
  }

  private takeAck(message: Msg): void {
    const tokens = message.subject.split('.');
    const sent = this.inFlight.get(Number(tokens.at(-2)));
    if (sent === undefined) {
      return;
    }
    const ack = answerIn(message);
    if (ack.seq !== undefined && ack.error === undefined) {
      this.settle(sent, ack.seq);
    } else if (sent.attempt === Number(tokens.at(-1)) && !sent.isUnsure) {
      this.refused(sent, ack.error ?? {});
    }
  }

  private refused(sent: Sent, { code, err_code: errorCode, description = '' }: NonNullable<Ack['error']>): void {
    const reason = `the server said ${errorCode ?? code ?? 'nothing'} ${description}`.trim();
    if (errorCode === CODES.messageTooLarge || errorCode === CODES.wrongStream) {
      this.giveUp(sent, new NotStoredError(reason, false));
      return;
    }
    // No leader, no room, not ready: all of these pass, and nothing tells them from what stays.
    this.refusal = reason;
    const wait = Math.min(FIRST_WAIT_MS * 2 ** (sent.attempt - 1), LONGEST_WAIT_MS);
    sent.due = this.now() + wait * (1 - Math.random() / 2);
    this.schedule();
    this.options.refused();
  }

  private settle(sent: Sent, seq: number): void {
    if (sent.after === undefined) {
      this.storedUpTo = Math.max(this.storedUpTo, seq);
    }
    this.counts.stored += 1;
    this.refusal = undefined;
    this.remove(sent);
    sent.ticket?.stored(seq);
    this.options.settled();
  }

  private giveUp(sent: Sent, error: NotStoredError): void {
    this.counts.failed += 1;
    this.remove(sent);
    sent.ticket?.failed(error);
    this.options.lost(error, sent);
    this.options.settled();
  }

  private remove(sent: Sent): void {
    this.entries.delete(sent.number);
    this.length -= sent.payload.length;
    this.inFlight.delete(sent.number);
    if (this.inFlight.size === 0) {
      this.refusal = undefined;
    }
    if (this.byId.get(sent.id) === sent) {
      this.byId.delete(sent.id);
    }
    const lane = this.lanes.get(sent.lane) as Lane;
    if (sent.next === undefined) {
      this.lanes.delete(sent.lane);
    } else {
      lane.head = sent.next;
      this.ready.push(lane);
    }
    this.pump();
  }

  /** One timer serves all that is in flight. */
  private schedule(): void {
    if ((this.tick === undefined || this.tick.closed) && !this.isOver) {
      this.tick = scheduleOutOfContext(
        this.options.scheduler,
        () => {
          this.tick = undefined;
          this.check();
        },
        TICK_MS,
      );
    }
  }

  private check(): void {
    const now = this.now();
    if (this.isConnected) {
      this.forEachInFlight((sent) => {
        if (!sent.isUnsure && sent.due <= now) {
          this.late(sent, now);
        }
      });
    }
    if (this.inFlight.size > 0) {
      this.schedule();
    }
  }

  /** Calls `each` with what is in flight now. The application, which may be called meanwhile, may close this or store some of it. */
  private forEachInFlight(each: (sent: Sent) => void): void {
    for (const sent of [...this.inFlight.values()]) {
      if (this.inFlight.has(sent.number)) {
        each(sent);
      }
    }
  }

  private late(sent: Sent, now: number): void {
    const { giveUpMs } = this.options;
    if (now - sent.since >= giveUpMs) {
      const why = this.refusal === undefined ? '' : `: ${this.refusal}`;
      const waited = `no acknowledgement came within giveUpMs, ${giveUpMs} ms, for the event ${show(sent.id)}${why}`;
      this.giveUp(sent, new NotStoredError(waited, true));
      return;
    }
    this.refusal ??= 'no answer came';
    this.sendAgain(sent);
    this.options.refused();
  }
}
