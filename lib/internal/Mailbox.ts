import { type Subscriber, throwError } from 'rxjs';
import { BoundedQueue } from './BoundedQueue.js';
import type { Turns, TurnTaker } from './Turns.js';

/** How a mailbox ends: with an error, or by completing. */
export type Ending = { readonly error: unknown } | 'complete';

/**
 * Between one source and one consumer: a bounded queue, the count of what it refused, and the turns that empty it.
 *
 * Invariants:
 * - The consumer is called in turns only, never by `offer`, `end` or `discard`.
 * - Values reach it in the order of `offer`, and before the ending.
 * - `lagged` counts each refused value once, at the call that refused it. What comes after the ending, or is
 *   discarded, is not counted.
 */
export class Mailbox<T> implements TurnTaker {
  /** Values refused for want of room. */
  lagged = 0;
  awaitsTurn = false;

  readonly #queue: BoundedQueue<T>;
  readonly #turns: Turns;
  readonly #afterTurn: () => void;
  #consumer: Subscriber<T> | undefined;
  /** Set once: no value is taken any more. */
  #ending: Ending | undefined;

  /**
   * @param afterTurn Called when a turn is over, whether or not there was a consumer. Must not throw.
   */
  constructor(capacity: number, turns: Turns, afterTurn: () => void = () => undefined) {
    this.#queue = new BoundedQueue(capacity);
    this.#turns = turns;
    this.#afterTurn = afterTurn;
  }

  get waiting(): number {
    return this.#queue.size;
  }

  get hasConsumer(): boolean {
    return this.#consumer !== undefined;
  }

  /** Whether no value will come, and nobody waits for one. */
  get isOver(): boolean {
    return this.#ending !== undefined && this.#consumer === undefined;
  }

  /** Takes `value`, or refuses and counts it: then, and only then, it returns false. */
  offer(value: T): boolean {
    if (this.#ending !== undefined) {
      return true;
    }
    const taken = this.#queue.offer(value);
    if (!taken) {
      this.lagged += 1;
    }
    if (this.#consumer !== undefined) {
      this.requestTurn();
    }
    return taken;
  }

  requestTurn(): void {
    this.#turns.request(this);
  }

  /** Makes `consumer` the one that is served, what waits first. The caller has seen that there is none yet. */
  attach(consumer: Subscriber<T>): void {
    if (this.#ending === 'complete' && this.#queue.size === 0) {
      consumer.complete();
      return;
    }
    this.#consumer = consumer;
    if (this.#ending !== undefined || this.#queue.size > 0) {
      this.requestTurn();
    }
  }

  /** Takes nothing more. What waits is still delivered, then the ending. */
  end(ending: Ending): void {
    if (this.#ending !== undefined) {
      return;
    }
    this.#ending = ending;
    if (this.#consumer !== undefined) {
      this.requestTurn();
    }
  }

  /** Takes nothing more and forgets what waits. A consumer that is still there gets its completion. */
  discard(): void {
    this.#ending = 'complete';
    this.#queue.clear();
    if (this.#consumer !== undefined) {
      this.requestTurn();
    } else {
      this.#turns.withdraw(this);
    }
  }

  /** Lets `consumer` go, where it is the one that is served, and forgets what waits. */
  detach(consumer: Subscriber<T>): void {
    if (this.#consumer === consumer) {
      this.#consumer = undefined;
      this.discard();
    }
  }

  turn(): void {
    const consumer = this.#consumer;
    if (consumer !== undefined) {
      this.#deliver(consumer);
      if (this.#consumer === consumer) {
        this.#settle(consumer);
      }
    }
    this.#afterTurn();
  }

  /** Hands over what waits now. What arrives meanwhile waits for the next turn. */
  #deliver(consumer: Subscriber<T>): void {
    let count = this.#queue.size;
    const deliverOn = (): void => {
      // A consumer that leaves, or is left, in the midst of it has emptied the queue: then there is nothing to count on.
      while (count > 0 && this.#queue.size > 0 && this.#consumer === consumer) {
        count -= 1;
        // Shift before calling: a publish from within the consumer must see the freed place.
        consumer.next(this.#queue.shift());
      }
      count = 0;
    };
    while (count > 0) {
      contained(deliverOn);
    }
  }

  #settle(consumer: Subscriber<T>): void {
    if (this.#queue.size > 0) {
      this.requestTurn();
    } else if (this.#ending !== undefined) {
      const ending = this.#ending;
      this.#ending = 'complete';
      // Forget the consumer before calling it: it may subscribe again from within, and finds a mailbox that is through.
      this.#consumer = undefined;
      contained(() => {
        if (ending === 'complete') {
          consumer.complete();
        } else {
          consumer.error(ending.error);
        }
      });
    }
  }
}

/** Runs `call`; what it throws is reported as RxJS reports what a handler throws: later, on nobody's stack. */
export function contained(call: () => void): void {
  try {
    call();
  } catch (error) {
    throwError(() => error).subscribe();
  }
}
