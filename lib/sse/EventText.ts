import type { SchedulerLike, Unsubscribable } from 'rxjs';
import type { BusPosition, BusReceiver } from '../BusReceiver.js';
import type { Gap } from '../Delivery.js';
import type { Pull } from '../internal/receiving/Pull.js';
import { streamOver } from '../internal/receiving/pullOver.js';
import type { BusEvent } from '../protocol/BusEvent.js';
import { block, comment } from './block.js';
import { byteLength } from './byteLength.js';
import { gapData, gapOfOne, joined } from './gapData.js';
import { positionBlock, positionText } from './position.js';

/** What waits at once goes out at once, until it is so many characters. */
const CHUNK = 16_384;

type Answer<E> =
  | { readonly type: 'event'; readonly event: BusEvent<E> }
  | Gap
  | { readonly type: 'complete' }
  | { readonly type: 'error'; readonly error: unknown };

/** As much of the bus's own handle as no application needs: an answer at the call, where there is one. */
export interface AskedReceiver<E> extends BusReceiver<E> {
  ask(pull: Pull<E>): void;
  /** Calls `act` when it has no slot any more. */
  onDepart(act: () => void): void;
  /** What it ended with that was not told yet. */
  readonly failure: { readonly error: unknown } | undefined;
  readonly hasToldAll: boolean;
}

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
  readonly #receiver: AskedReceiver<E>;
  readonly #host: EventTextHost;
  readonly #pull: Pull<E>;
  #opening: string;
  #isAsking = false;
  #answer: Answer<E> | undefined;
  /** Whether the server ends it, rather than the bus. */
  #isClosing = false;
  #isOver = false;
  #wake: (() => void) | undefined;
  /** Whether something was read since that was looked at. */
  #wasRead = false;
  #cutOff: Unsubscribable | undefined;
  /** Called when it is over. */
  onOver: (() => void) | undefined;

  /** @param opening What the client is told first. */
  constructor(receiver: AskedReceiver<E>, opening: string, host: EventTextHost) {
    this.#receiver = receiver;
    this.#opening = opening;
    this.#host = host;
    const answer = (one: Answer<E>): void => {
      this.#isAsking = false;
      this.#answer = one;
      this.#wake?.();
    };
    this.#pull = {
      next: (event) => {
        answer({ type: 'event', event });
      },
      gap: answer,
      complete: () => {
        answer({ type: 'complete' });
      },
      error: (error) => {
        answer({ type: 'error', error });
      },
      holder: receiver,
    };
    receiver.onDepart(EventText.#departureOf(new WeakRef(this)));
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
    return this.#peek()?.type === 'complete';
  }

  /** The next of it, when there is something; `undefined` at the end. For one who waits for each. */
  async next(): Promise<string | undefined> {
    this.#wasRead = true;
    while (!this.#isOver) {
      const text = this.#take() || ((await this.#waited()) ? '' : this.#heartbeat());
      if (text !== '') {
        return text;
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
      this.#receiver[Symbol.dispose]();
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
    return streamOver({
      recv: async () => {
        const text = await this.next();
        return text === undefined ? undefined : encoder.encode(text);
      },
      [Symbol.dispose]: () => {
        this.leave();
      },
    });
  }

  /** The receiver has no slot any more: the stream keeps its place as long as what waits is read. */
  #cutOffUnlessRead(): void {
    if (this.#isOver) {
      return;
    }
    this.#wasRead = false;
    this.#cutOff = this.#host.scheduler.schedule(() => {
      if (this.#wasRead || this.#wake !== undefined) {
        this.#cutOffUnlessRead();
        return;
      }
      const { failure } = this.#receiver;
      if (failure !== undefined) {
        this.#host.report(failure.error);
      }
      this.leave();
    }, this.#host.closeMs);
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
      // Set before asking: the answer may come at once.
      this.#isAsking = true;
      this.#receiver.ask(this.#pull);
    }
    return this.#answer;
  }

  /** Whether something came before it was time for a heartbeat. */
  #waited(): Promise<boolean> {
    return new Promise((resolve) => {
      let timer: Unsubscribable | undefined = undefined;
      const wake = (came: boolean): void => {
        this.#wake = undefined;
        timer?.unsubscribe();
        resolve(came);
      };
      this.#wake = () => {
        wake(true);
      };
      timer = this.#host.scheduler.schedule(() => {
        wake(false);
      }, this.#host.heartbeatMs);
    });
  }

  /** Says that all is well, and how far: who comes back from there misses nothing. */
  #heartbeat(): string {
    const position = this.#answer === undefined && this.#receiver.hasToldAll ? this.#host.position() : undefined;
    return comment('heartbeat') + (position === undefined ? '' : positionBlock(position));
  }

  #textOf(answer: Answer<E>): string {
    switch (answer.type) {
      case 'event':
        return this.#eventText(answer.event);
      case 'gap':
        return this.#gapText(answer);
      case 'complete':
        return this.#endText();
      case 'error':
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
    if (position === undefined || (next?.type === 'complete' && !this.#isClosing)) {
      return block(gapData(gap), { event: 'gap' });
    }
    if (next?.type === 'complete' || next?.type === 'error') {
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
