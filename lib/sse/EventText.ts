import { noop, type SchedulerLike, type Unsubscribable } from 'rxjs';
import type { BusPosition, BusReceiver, Delivery, Gap, TryRecv } from '../receiver.js';
import { scheduleOutOfContext } from '../internal/support/context.js';
import { type Weak, weakly } from '../internal/support/weak.js';
import type { BusEvent } from '../events/BusEvent.js';
import { block, byteLength, comment, endBlock, positionBlock, positionText } from './blocks.js';
import { gapData, gapOfOne, joined } from './gapData.js';

/** Deliveries that wait are sent in one chunk, until it has this many characters. */
const CHUNK = 16_384;

/** What the receiver gives: a delivery, its completion or its error. */
type Taken<E> = Exclude<TryRecv<Delivery<E>>, { type: 'empty' }>;

/** Notices web streams that are collected. Outside of any server, since nothing may hold that. Some platforms do not tell. */
const webStreams =
  typeof FinalizationRegistry === 'undefined'
    ? undefined
    : new FinalizationRegistry<Pick<EventText<unknown>, 'leave'>>((text) => {
        text.leave();
      });

/** What a stream needs from its server. */
export interface EventTextHost {
  readonly scheduler: SchedulerLike;
  readonly heartbeatMs: number;
  readonly maxEventBytes: number;
  readonly closeMs: number;
  /** The position of the last published event. `undefined` on a bus without a history. */
  position(): BusPosition | undefined;
  /** Passes an error to the application. */
  report(error: unknown): void;
  /** Called when the stream has ended and holds no resources any more. */
  over(): void;
}

/**
 * The text of one client's stream. It is pulled: events that the client does not read stay in its receiver.
 *
 * Invariants: at most one taken delivery is buffered; a timer is set only while a call of `next` waits, after the receiver has left the
 * bus, or until a web stream is read for the first time; once the stream is over, the receiver is disposed.
 */
export class EventText<E> {
  readonly #receiver: BusReceiver<E>;
  readonly #host: EventTextHost;
  #opening: string;
  /** Whether a call of `recv` waits. */
  #isReceiving = false;
  /** What was taken from the receiver and is not written yet. */
  #taken: Taken<E> | undefined;
  /** Whether the server ends the stream, and not the bus. */
  #isClosing = false;
  /** Whether the client may get nothing any more but the end. */
  #isRevoked = false;
  #isOver = false;
  /** Ends the wait of the call of `next` that waits. */
  #wake: (() => void) | undefined;
  /** Whether `next` was called since the flag was last reset. */
  #wasRead = false;
  #cutOff: Unsubscribable | undefined;
  /** Runs until the web stream is read for the first time. */
  #untilRead: Unsubscribable | undefined;
  readonly #departure: Unsubscribable;
  /** Called when the stream is over. */
  onOver: (() => void) | undefined;

  /** @param opening The text that is sent first. */
  constructor(receiver: BusReceiver<E>, opening: string, host: EventTextHost) {
    this.#receiver = receiver;
    this.#opening = opening;
    this.#host = host;
    this.#departure = receiver.closed$.subscribe({ complete: EventText.#departureOf(weakly(this)), error: noop });
  }

  /** The bus holds the receiver and its observers. A weak reference lets a text without a reader be garbage-collected. */
  static #departureOf<T>(text: Weak<EventText<T>>): () => void {
    return () => {
      const own = text.deref();
      if (own !== undefined) {
        own.#cutOffUnlessRead();
      }
    };
  }

  /** Whether nothing more will come. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Whether the stream has no events and only completes, since the bus was closed before it began. */
  get isEmpty(): boolean {
    return this.#peek()?.type === 'completed';
  }

  /** Resolves with the next chunk of text, or with `undefined` at the end. Must not be called before the previous call has settled. */
  async next(): Promise<string | undefined> {
    this.#wasRead = true;
    this.#untilRead?.unsubscribe();
    while (!this.#isOver) {
      const text = this.#take();
      if (text !== '') {
        return text;
      }
      const heartbeat = await this.#waited();
      // A delivery that arrived meanwhile is after the heartbeat's position, so it must be sent first.
      if (heartbeat !== undefined && this.#taken === undefined) {
        return heartbeat;
      }
    }
    return undefined;
  }

  /** Ends the stream after the events that wait. */
  close(): void {
    this.#isClosing = true;
    this.#receiver.close();
  }

  /** Ends the stream without the events that wait. The client is told that nothing more will come, so it does not come back. */
  revoke(): void {
    if (!this.#isOver) {
      this.#isRevoked = true;
      this.#taken = undefined;
      this.#receiver.dispose();
      this.#wake?.();
    }
  }

  /** Ends the stream at once and disposes its receiver. */
  leave(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#departure.unsubscribe();
      this.#receiver.dispose();
      this.#taken = undefined;
      this.#cutOff?.unsubscribe();
      this.#untilRead?.unsubscribe();
      this.#wake?.();
      this.onOver?.();
      this.#host.over();
    }
  }

  /**
   * Returns the text as a web stream without a buffer: it pulls only when its reader does. It is left if its reading has not
   * begun within `closeMs`, or if it is collected: its response was dropped, or another one was sent.
   */
  toReadableStream(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    if (!this.#isOver) {
      const { scheduler, closeMs } = this.#host;
      this.#untilRead = scheduleOutOfContext(
        scheduler,
        () => {
          this.leave();
        },
        closeMs,
      );
    }
    const stream = new ReadableStream<Uint8Array>(
      {
        pull: async (controller) => {
          const text = await this.next();
          if (text === undefined) {
            controller.close();
          } else {
            controller.enqueue(encoder.encode(text));
          }
        },
        cancel: () => {
          this.leave();
        },
      },
      { highWaterMark: 0 },
    );
    webStreams?.register(stream, this);
    return stream;
  }

  /** Called when the receiver has left the bus. The stream ends when its client has read nothing for `closeMs`. */
  #cutOffUnlessRead(): void {
    if (this.#isOver) {
      return;
    }
    this.#wasRead = false;
    const look = (): void => {
      if (this.#wasRead || this.#wake !== undefined) {
        this.#cutOffUnlessRead();
        return;
      }
      this.#reportFailure();
      this.leave();
    };
    this.#cutOff = scheduleOutOfContext(this.#host.scheduler, look, this.#host.closeMs);
  }

  /** Returns the text of the deliveries that wait, up to a chunk. It may be empty. */
  #take(): string {
    let text = this.#opening;
    this.#opening = '';
    if (this.#isRevoked) {
      this.leave();
      return text + endBlock('revoked');
    }
    while (text.length < CHUNK && !this.#isOver) {
      const taken = this.#peek();
      if (taken === undefined) {
        break;
      }
      this.#taken = undefined;
      text += this.#textOf(taken);
    }
    return text;
  }

  /** Returns what is next if it is there now, without consuming it. If nothing waits, starts a call of `recv`. */
  #peek(): Taken<E> | undefined {
    if (this.#taken === undefined && !this.#isReceiving && !this.#isOver) {
      const next = this.#receiver.deliveries.tryRecv();
      if (next.type === 'empty') {
        this.#receive();
      } else {
        this.#taken = next;
      }
    }
    return this.#taken;
  }

  /** Reports the error that the receiver ends with, if any, since no reader will get it. Deliveries that wait before it are discarded. */
  #reportFailure(): void {
    const { deliveries } = this.#receiver;
    let next = this.#taken ?? deliveries.tryRecv();
    while (next.type === 'event' || next.type === 'gap') {
      next = deliveries.tryRecv();
    }
    if (next.type === 'failed') {
      this.#host.report(next.error);
    }
  }

  /** Waits for the receiver's next delivery or its end. */
  #receive(): void {
    this.#isReceiving = true;
    const settle = (taken: Taken<E>): void => {
      this.#isReceiving = false;
      this.#taken = taken;
      this.#wake?.();
    };
    this.#receiver.deliveries.recv().then(
      (delivery) => {
        settle(delivery ?? { type: 'completed' });
      },
      (error: unknown) => {
        settle({ type: 'failed', error });
      },
    );
  }

  /**
   * Waits until there is something to send, and resolves with `undefined`; or until a heartbeat is due, and resolves with its text. The
   * position in the heartbeat is read at that time, so the caller first sends a delivery that arrives before it resumes.
   */
  #waited(): Promise<string | undefined> {
    return new Promise((resolve) => {
      let timer: Unsubscribable | undefined = undefined;
      const wake = (heartbeat?: string): void => {
        this.#wake = undefined;
        timer?.unsubscribe();
        resolve(heartbeat);
      };
      this.#wake = wake;
      timer = this.#host.scheduler.schedule(() => {
        wake(this.#heartbeat());
      }, this.#host.heartbeatMs);
    });
  }

  /** The text of a heartbeat, with a position if the client is up to date: a client that resumes there misses nothing. */
  #heartbeat(): string {
    const { position } = this.#receiver;
    // If an event is on its way, its own id will tell the position.
    const isUpToDate = position !== undefined && position.seq === this.#host.position()?.seq;
    return comment('heartbeat') + (isUpToDate ? positionBlock(position) : '');
  }

  #textOf(taken: Taken<E>): string {
    switch (taken.type) {
      case 'event':
        return this.#eventText(taken.event);
      case 'gap':
        return this.#gapText(taken);
      case 'completed':
        return this.#endText();
      case 'failed':
        this.#host.report(taken.error);
        this.leave();
        return comment('the stream broke off');
    }
  }

  #eventText(busEvent: BusEvent<E>): string {
    const { maxEventBytes } = this.#host;
    const id = this.#idAt(busEvent.seq);
    try {
      const { routing, origin, event, at, seq } = busEvent;
      const text = JSON.stringify({ routing, origin, event, at, seq });
      if (byteLength(text, maxEventBytes) <= maxEventBytes) {
        return block(text, { id });
      }
      this.#host.report(new RangeError(`an event of more than ${maxEventBytes} bytes cannot be sent`));
    } catch (error) {
      this.#host.report(error);
    }
    return block(gapData(gapOfOne(busEvent.routing.kind)), { event: 'gap', id });
  }

  /**
   * The id of a gap is the position right before what follows. A client that resumes there gets what follows, and not the gap again.
   */
  #gapText(first: Gap): string {
    let gap = first;
    let next = this.#peek();
    while (next?.type === 'gap') {
      gap = joined(gap, next);
      this.#taken = undefined;
      next = this.#peek();
    }
    const position = this.#host.position();
    if (position === undefined || (next?.type === 'completed' && !this.#isClosing)) {
      return block(gapData(gap), { event: 'gap' });
    }
    if (next?.type === 'completed' || next?.type === 'failed') {
      // The client resumes before the gap. It then gets the missing events, or a gap.
      return '';
    }
    // If nothing follows yet, the gap covers all events up to the last published one.
    const seq = next === undefined ? position.seq : (next.event.seq as number) - 1;
    return block(gapData(gap), { event: 'gap', id: this.#idAt(seq) });
  }

  #endText(): string {
    const isEnd = !this.#isClosing;
    this.leave();
    return isEnd ? endBlock() : comment('the server closes');
  }

  #idAt(seq: number | undefined): string | undefined {
    const position = this.#host.position();
    return position === undefined || seq === undefined ? undefined : positionText({ epoch: position.epoch, seq });
  }
}
