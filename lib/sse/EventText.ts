import { noop, type SchedulerLike, type Unsubscribable } from 'rxjs';
import type { BusPosition, BusReceiver, Delivery, Gap, TryRecv } from '../receiver.js';
import { scheduleOutOfContext } from '../internal/support/context.js';
import type { BusEvent } from '../events/BusEvent.js';
import { block, comment } from './block.js';
import { byteLength } from './byteLength.js';
import { gapData, gapOfOne, joined } from './gapData.js';
import { positionBlock, positionText } from './position.js';

/** What waits at once goes out at once, until it is so many characters. */
const CHUNK = 16_384;

type Answer<E> = Exclude<TryRecv<Delivery<E>>, { type: 'empty' }>;

/** What a stream needs of its server. */
export interface EventTextHost {
  readonly scheduler: SchedulerLike;
  readonly heartbeatMs: number;
  readonly maxEventBytes: number;
  readonly closeMs: number;
  /** The place of what was published last; `undefined`: there is no history. */
  position(): BusPosition | undefined;
  report(error: unknown): void;
  /** Nothing will come any more, and nothing is held. */
  over(): void;
}

/**
 * The text of one client's stream, pulled: what the client does not read stays in its receiver.
 *
 * Invariants: at most one answer of the receiver is in hand; there is a timer only while somebody waits in `next`, or after the receiver has
 * departed; once it is over, the receiver has left.
 */
export class EventText<E> {
  readonly #receiver: BusReceiver<E>;
  readonly #host: EventTextHost;
  #opening: string;
  /** Whether a call waits for the receiver's next answer. */
  #isAsking = false;
  #answer: Answer<E> | undefined;
  /** Whether the server ends it, rather than the bus. */
  #isClosing = false;
  #isOver = false;
  #wake: (() => void) | undefined;
  /** Whether something was read since that was looked at. */
  #wasRead = false;
  #cutOff: Unsubscribable | undefined;
  readonly #departure: Unsubscribable;
  /** Called when it is over. */
  onOver: (() => void) | undefined;

  /** @param opening What the client is told first. */
  constructor(receiver: BusReceiver<E>, opening: string, host: EventTextHost) {
    this.#receiver = receiver;
    this.#opening = opening;
    this.#host = host;
    this.#departure = receiver.closed$.subscribe({ complete: EventText.#departureOf(new WeakRef(this)), error: noop });
  }

  /** The bus holds the receiver, and with it this: not the text, or one that nobody reads were never collected. */
  static #departureOf<T>(text: WeakRef<EventText<T>>): () => void {
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

  /** Whether there will be nothing but the end: the bus was closed before. */
  get isEmpty(): boolean {
    return this.#peek()?.type === 'completed';
  }

  /** The next of it, when there is something; `undefined` at the end. Called again only when the last call is through. */
  async next(): Promise<string | undefined> {
    this.#wasRead = true;
    while (!this.#isOver) {
      const text = this.#take();
      if (text !== '') {
        return text;
      }
      const heartbeat = await this.#waited();
      // What came meanwhile is not behind the heartbeat's position.
      if (heartbeat !== undefined && this.#answer === undefined) {
        return heartbeat;
      }
    }
    return undefined;
  }

  /** Ends it after what waits. */
  close(): void {
    this.#isClosing = true;
    this.#receiver.close();
  }

  /** Ends it at once: nobody reads it any more. */
  leave(): void {
    if (!this.#isOver) {
      this.#isOver = true;
      this.#departure.unsubscribe();
      this.#receiver.dispose();
      this.#answer = undefined;
      this.#cutOff?.unsubscribe();
      this.#wake?.();
      this.onOver?.();
      this.#host.over();
    }
  }

  /** As a web stream that asks for nothing before its reader does. */
  toReadableStream(): ReadableStream<Uint8Array> {
    const encoder = new TextEncoder();
    return new ReadableStream<Uint8Array>(
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
  }

  /** The receiver has no slot any more: the stream keeps its place as long as what waits is read. */
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

  /** All that is there, up to a chunk; it may be nothing. */
  #take(): string {
    let text = this.#opening;
    this.#opening = '';
    while (text.length < CHUNK && !this.#isOver) {
      const answer = this.#peek();
      if (answer === undefined) {
        break;
      }
      this.#answer = undefined;
      text += this.#textOf(answer);
    }
    return text;
  }

  /** What is next, where it is there now. */
  #peek(): Answer<E> | undefined {
    if (this.#answer === undefined && !this.#isAsking && !this.#isOver) {
      const next = this.#receiver.deliveries.tryRecv();
      if (next.type === 'empty') {
        this.#ask();
      } else {
        this.#answer = next;
      }
    }
    return this.#answer;
  }

  /** Reports the error that it ends with, if it does: nobody will read it. What waits before that is given up. */
  #reportFailure(): void {
    const { deliveries } = this.#receiver;
    let next = this.#answer ?? deliveries.tryRecv();
    while (next.type === 'event' || next.type === 'gap') {
      next = deliveries.tryRecv();
    }
    if (next.type === 'failed') {
      this.#host.report(next.error);
    }
  }

  /** Waits for the receiver's next answer. */
  #ask(): void {
    this.#isAsking = true;
    const answer = (one: Answer<E>): void => {
      this.#isAsking = false;
      this.#answer = one;
      this.#wake?.();
    };
    this.#receiver.deliveries.recv().then(
      (delivery) => {
        answer(delivery ?? { type: 'completed' });
      },
      (error: unknown) => {
        answer({ type: 'failed', error });
      },
    );
  }

  /**
   * Waits for something to send, and is `undefined` then; or for the time of a heartbeat, which it returns. Its position is read at that time: what
   * the receiver answers before it is read is looked at first.
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

  /** Says that all is well, and how far: a client that comes back from there misses nothing. */
  #heartbeat(): string {
    const { position } = this.#receiver;
    // Where something is on its way, the next event tells more.
    const isUpToDate = position !== undefined && position.seq === this.#host.position()?.seq;
    return comment('heartbeat') + (isUpToDate ? positionBlock(position) : '');
  }

  #textOf(answer: Answer<E>): string {
    switch (answer.type) {
      case 'event':
        return this.#eventText(answer.event);
      case 'gap':
        return this.#gapText(answer);
      case 'completed':
        return this.#endText();
      case 'failed':
        this.#host.report(answer.error);
        this.leave();
        return comment('the stream broke off');
    }
  }

  #eventText(busEvent: BusEvent<E>): string {
    const { maxEventBytes } = this.#host;
    const id = this.#idAt(busEvent.seq);
    try {
      const { routing, origin, event, seq } = busEvent;
      const text = JSON.stringify({ routing, origin, event, seq });
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
   * A gap's id is the place right before what follows: who resumes there is not told of it again, and gets what follows.
   */
  #gapText(first: Gap): string {
    let gap = first;
    let next = this.#peek();
    while (next?.type === 'gap') {
      gap = joined(gap, next);
      this.#answer = undefined;
      next = this.#peek();
    }
    const position = this.#host.position();
    if (position === undefined || (next?.type === 'completed' && !this.#isClosing)) {
      return block(gapData(gap), { event: 'gap' });
    }
    if (next?.type === 'completed' || next?.type === 'failed') {
      // The client will resume where it was before the gap, and then gets what is missing, or is told.
      return '';
    }
    // Where nothing follows yet, all that was published is told with this.
    const seq = next === undefined ? position.seq : (next.event.seq as number) - 1;
    return block(gapData(gap), { event: 'gap', id: this.#idAt(seq) });
  }

  #endText(): string {
    const isEnd = !this.#isClosing;
    this.leave();
    return isEnd ? block('{}', { event: 'end' }) : comment('the server closes');
  }

  #idAt(seq: number | undefined): string | undefined {
    const position = this.#host.position();
    return position === undefined || seq === undefined ? undefined : positionText({ epoch: position.epoch, seq });
  }
}
