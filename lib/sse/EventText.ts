import { noop, type Unsubscribable } from 'rxjs';
import type { BusReceiver, Delivery, Gap, PulledDeliveries, Taker, TryRecv } from '../receiver.js';
import { scheduleOutOfContext } from '../internal/support/context.js';
import { type Weak, weakly } from '../internal/support/weak.js';
import type { BusEvent } from '../events/BusEvent.js';
import { block, comment, endBlock } from './blocks.js';
import { gapData, joined } from './gapData.js';
import type { Waiter } from './Heartbeats.js';
import type { Ready } from './Rounds.js';
import { Chunk, type SharedChunk } from './SharedTexts.js';
import type { StreamHost } from './StreamHost.js';

/** Deliveries that wait are sent in one chunk, until it has this many characters. */
const CHUNK = 16_384;

/** What the receiver gives: a delivery, its completion or its error. */
type Taken<E> = Exclude<TryRecv<Delivery<E>>, { type: 'empty' }>;

/** Takes the chunks of a text. */
export interface TextReader {
  /** Called when there may be another chunk, after `take` has returned `undefined`. Never throws. */
  ready(): void;
  /** Called when the text is over, also by a `take` whose chunk is still to be sent. Never throws. */
  over(): void;
}

/**
 * The text of one client's stream. It is pulled: events that the client does not read stay in its receiver.
 *
 * Invariants: at most one taken delivery is buffered; the text waits only after a `take` that has returned nothing, and then a call of
 * the receiver is asked, too; a timer of its own is set only after the receiver has left the bus, or until a web stream is read for the first
 * time; once the text is over, the receiver is disposed.
 */
export class EventText<E> implements Waiter, Ready, Taker<Delivery<E>> {
  before: Waiter | undefined;
  after: Waiter | undefined;
  dueAt: number | undefined;
  /** Takes the chunks. */
  reader: TextReader | undefined;

  private readonly receiver: BusReceiver<E>;
  private readonly deliveries: PulledDeliveries<E>;
  private readonly host: StreamHost<E>;
  private opening: string;
  /** Whether a `take` of the receiver waits. */
  private isReceiving = false;
  /** Whether the last `take` has returned nothing, and there is nothing since. Counted in the host's `behind` while it is false. */
  private isWaiting = false;
  private isBeatDue = false;
  /** What was taken from the receiver and is not written yet. */
  private taken: Taken<E> | undefined;
  /** Whether the server ends the stream, and not the bus. */
  private isClosing = false;
  /** Whether the client may get nothing any more but the end. */
  private isRevoked = false;
  private hasEnded = false;
  /** Whether the reader is called since something has arrived. */
  private isWoken = false;
  /** Whether the client has asked for more since the flag was last reset. */
  private wasRead = false;
  private cutOff: Unsubscribable | undefined;
  /** Runs until the web stream is read for the first time. */
  private untilRead: Unsubscribable | undefined;
  private departure: Unsubscribable | undefined;

  /** @param opening The text that is sent first. */
  constructor(receiver: BusReceiver<E>, opening: string, host: StreamHost<E>) {
    this.receiver = receiver;
    this.deliveries = receiver.deliveries;
    this.opening = opening;
    this.host = host;
    host.behind += 1;
  }

  /** The bus holds the receiver and its observers. A weak reference lets a text without a reader be garbage-collected. */
  private static departureOf<T>(text: Weak<EventText<T>>): () => void {
    return () => {
      text.deref()?.cutOffUnlessRead();
    };
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.hasEnded;
  }

  /** Whether the stream has no events and only completes, since the bus was closed before it began. */
  get isEmpty(): boolean {
    return this.peek()?.type === 'completed';
  }

  /** Returns the next chunk of text. If there is none yet, the reader is called when there may be one. */
  take(): Chunk | undefined {
    // A client that was waiting has asked before.
    this.wasRead ||= !this.isWoken;
    this.isWoken = false;
    this.untilRead?.unsubscribe();
    if (this.hasEnded) {
      return undefined;
    }
    this.leaveWaiting();
    const chunk = this.nextChunk();
    const isBeat = this.isBeatDue;
    this.isBeatDue = false;
    if (chunk !== undefined) {
      return chunk;
    }
    if (isBeat) {
      return new Chunk(this.host.heartbeat(this.receiver.position));
    }
    this.isWaiting = true;
    this.host.caughtUp();
    this.host.heartbeats.add(this);
    return undefined;
  }

  /** Resolves with the next chunk of text, or with `undefined` at the end. Must not be called before the previous call has settled. */
  async read(): Promise<Chunk | undefined> {
    for (;;) {
      const chunk = this.take();
      if (chunk !== undefined || this.hasEnded) {
        return chunk;
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          this.reader = undefined;
          resolve();
        };
        this.reader = { ready: wake, over: wake };
      });
    }
  }

  /** Called with what the receiver gives. */
  next(delivery: Delivery<E>): void {
    this.settle(delivery);
  }

  /** Called when the receiver has completed. */
  complete(): void {
    this.settle({ type: 'completed' });
  }

  /** Called when the receiver has failed. */
  error(error: unknown): void {
    this.settle({ type: 'failed', error });
  }

  /** Called in a round, after the receiver has given something. */
  proceed(): void {
    this.wake();
  }

  /** Called when a heartbeat is due. */
  beat(): void {
    this.isBeatDue = true;
    this.wake();
  }

  /** Ends the stream after the events that wait. */
  close(): void {
    this.isClosing = true;
    this.receiver.close();
  }

  /** Ends the stream without the events that wait. The client is told that nothing more will come, so it does not come back. */
  revoke(): void {
    if (!this.hasEnded) {
      this.isRevoked = true;
      this.taken = undefined;
      this.receiver.dispose();
      this.wake();
    }
  }

  /** Ends the stream at once and disposes its receiver. */
  leave(): void {
    if (!this.hasEnded) {
      this.leaveWaiting();
      this.hasEnded = true;
      this.host.caughtUp();
      this.departure?.unsubscribe();
      this.receiver.dispose();
      this.taken = undefined;
      this.cutOff?.unsubscribe();
      this.untilRead?.unsubscribe();
      this.reader?.over();
      this.host.heartbeats.tidy();
      this.host.options.over(this);
    }
  }

  /** From now on, if the receiver has left the bus, the stream ends when its client has read nothing for `closeMs`. */
  watchDeparture(): void {
    this.departure ??= this.receiver.closed$.subscribe({
      complete: EventText.departureOf(weakly(this)),
      error: noop,
    });
  }

  /** Ends the stream if its reading does not begin within `closeMs`. */
  leaveUnlessRead(): void {
    if (!this.hasEnded) {
      const { scheduler, closeMs } = this.host.options;
      const leave = (): void => {
        this.leave();
      };
      this.untilRead = scheduleOutOfContext(scheduler, leave, closeMs);
    }
  }

  /** Calls the reader if it waits. */
  private wake(): void {
    if (this.isWaiting) {
      this.leaveWaiting();
      this.isWoken = true;
      this.reader?.ready();
    }
  }

  private leaveWaiting(): void {
    if (this.isWaiting) {
      this.isWaiting = false;
      this.host.behind += 1;
      this.host.heartbeats.remove(this);
    }
  }

  /** Called when the receiver has left the bus. The stream ends when its client has read nothing for `closeMs`. */
  private cutOffUnlessRead(): void {
    if (this.hasEnded) {
      return;
    }
    this.wasRead = false;
    const look = (): void => {
      if (this.wasRead || this.isWaiting) {
        this.cutOffUnlessRead();
        return;
      }
      this.reportFailure();
      this.leave();
    };
    const { scheduler, closeMs } = this.host.options;
    this.cutOff = scheduleOutOfContext(scheduler, look, closeMs);
  }

  /** The deliveries that wait, up to a chunk. */
  private nextChunk(): Chunk | undefined {
    let text = this.opening;
    this.opening = '';
    if (this.isRevoked) {
      this.leave();
      return new Chunk(text + endBlock('revoked'));
    }
    const { texts } = this.host;
    // As long as there are only events, it is the same chunk as that of other streams.
    let shared: SharedChunk<E> | undefined = text === '' ? texts.empty : undefined;
    while ((shared?.text ?? text).length < CHUNK && !this.hasEnded) {
      const taken = this.peek();
      if (taken === undefined) {
        break;
      }
      this.taken = undefined;
      if (taken.type === 'event' && shared !== undefined) {
        shared = this.sharedWith(shared, taken.event);
        if (this.host.isNewest(taken.event)) {
          // Nothing can wait after it, so the receiver need not be asked.
          this.receive();
          break;
        }
      } else {
        text = (shared?.text ?? text) + this.textOf(taken);
        shared = undefined;
      }
    }
    if (shared !== undefined) {
      return shared.event === undefined ? undefined : shared;
    }
    return text === '' ? undefined : new Chunk(text);
  }

  private sharedWith(chunk: SharedChunk<E>, busEvent: BusEvent<E>): SharedChunk<E> {
    const { texts, rounds } = this.host;
    const entry = texts.entryOf(busEvent);
    if (entry.error !== undefined) {
      this.host.options.report(entry.error.reason);
    }
    // Its end frees what this has made.
    rounds.begin();
    return texts.with(chunk, busEvent, entry);
  }

  /** Returns what is next if it is there now, without consuming it. If nothing waits, starts a `take` of the receiver. */
  private peek(): Taken<E> | undefined {
    if (this.taken === undefined && !this.isReceiving && !this.hasEnded) {
      const next = this.deliveries.tryRecv();
      if (next.type === 'empty') {
        this.receive();
      } else {
        this.taken = next;
      }
    }
    return this.taken;
  }

  /** Reports the error that the receiver ends with, if any, since no reader will get it. Deliveries that wait before it are discarded. */
  private reportFailure(): void {
    const { deliveries } = this;
    let next = this.taken ?? deliveries.tryRecv();
    while (next.type === 'event' || next.type === 'gap') {
      next = deliveries.tryRecv();
    }
    if (next.type === 'failed') {
      this.host.options.report(next.error);
    }
  }

  /** Waits for the receiver's next delivery or its end. */
  private receive(): void {
    this.isReceiving = true;
    this.deliveries.take(this);
  }

  private settle(taken: Taken<E>): void {
    this.isReceiving = false;
    if (!this.hasEnded) {
      this.taken = taken;
      this.host.rounds.add(this);
    }
  }

  private textOf(taken: Taken<E>): string {
    switch (taken.type) {
      case 'event':
        return this.eventText(taken.event);
      case 'gap':
        return this.gapText(taken);
      case 'completed':
        return this.endText();
      case 'failed':
        this.host.options.report(taken.error);
        this.leave();
        return comment('the stream broke off');
    }
  }

  private eventText(busEvent: BusEvent<E>): string {
    const { text, error } = this.host.texts.entryOf(busEvent);
    if (error !== undefined) {
      this.host.options.report(error.reason);
    }
    this.host.rounds.begin();
    return text;
  }

  /**
   * The id of a gap is the position right before what follows. A client that resumes there gets what follows, and not the gap again.
   */
  private gapText(first: Gap): string {
    let gap = first;
    let next = this.peek();
    while (next?.type === 'gap') {
      gap = joined(gap, next);
      this.taken = undefined;
      next = this.peek();
    }
    const position = this.host.options.position();
    if (position === undefined) {
      return block(gapData(gap), { event: 'gap' });
    }
    if (next?.type === 'failed' || (next?.type === 'completed' && this.isClosing)) {
      // The client resumes before the gap. It then gets the missing events, or a gap.
      return '';
    }
    // If nothing follows, the gap covers all events up to the last published one.
    const following = next?.type === 'event' ? next.event : undefined;
    const seq = following === undefined ? position.seq : (following.seq as number) - 1;
    return block(gapData(gap), { event: 'gap', id: this.host.idAt(seq, following) });
  }

  private endText(): string {
    const isEnd = !this.isClosing;
    this.leave();
    return isEnd ? endBlock() : comment('the server closes');
  }
}
