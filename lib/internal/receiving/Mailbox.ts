import { type Observer, throwError } from 'rxjs';
import { BoundedQueue } from '../support/BoundedQueue.js';
import { currentZone, runIn } from '../support/zone.js';
import type { Turns, TurnTaker } from '../publishing/Turns.js';

/** How a mailbox ends: with an error, or by completing. */
export type Ending = { readonly error: unknown } | 'complete';

/**
 * Between one source and one consumer: a bounded queue, the count of what it refused, and the turns that empty it.
 *
 * Invariants:
 * - The consumer is called in turns only, never by `offer`, `end` or `discard`.
 * - Values reach it in the order of `offer`, and before the ending.
 * - `refused` counts each refused value once, at the call that refused it. What comes after the ending, or is
 *   discarded, is not counted.
 */
export class Mailbox<T> implements TurnTaker {
  /** Values that may wait. */
  readonly capacity: number;
  awaitsTurn = false;
  /** Values refused for want of room. */
  refused = 0;

  readonly #turns: Turns;
  protected consumer: Observer<T> | undefined;
  /** Set once: no value is taken any more. */
  protected ending: Ending | undefined;
  /** Made when something has to be kept. */
  protected queue: BoundedQueue<T> | undefined;

  constructor(capacity: number, turns: Turns) {
    this.capacity = capacity;
    this.#turns = turns;
  }

  /** Values that wait. */
  get waiting(): number {
    return this.queued;
  }

  /** Takes `value`, or refuses and counts it: then, and only then, it returns false. */
  offer(value: T): boolean {
    if (this.ending !== undefined) {
      return true;
    }
    const taken = this.waiting < this.capacity;
    if (taken) {
      this.queue ??= new BoundedQueue(this.capacity);
      this.queue.offer(value);
    } else {
      this.refused += 1;
    }
    if (this.consumer !== undefined) {
      this.requestTurn();
    }
    return taken;
  }

  requestTurn(): void {
    this.#turns.request(this);
  }

  /** Makes `consumer` the one that is served, what waits first. The caller has seen that there is none yet. */
  attach(consumer: Observer<T>): void {
    if (this.ending === 'complete' && this.waiting === 0) {
      consumer.complete();
      return;
    }
    this.seat(consumer);
    if (this.ending !== undefined || this.waiting > 0) {
      this.requestTurn();
    }
  }

  /** Takes nothing more. What waits is still delivered, then the ending. */
  end(ending: Ending): void {
    if (this.ending !== undefined) {
      return;
    }
    this.ending = ending;
    if (this.consumer !== undefined) {
      this.requestTurn();
    }
  }

  /** Takes nothing more and forgets what waits. A consumer that is still there gets its completion. */
  discard(): void {
    this.ending = 'complete';
    this.queue = undefined;
    if (this.consumer !== undefined) {
      this.requestTurn();
    } else {
      this.#turns.withdraw(this);
    }
  }

  /** Lets `consumer` go, where it is the one that is served, and forgets what waits. */
  detach(consumer: Observer<T>): void {
    if (this.consumer === consumer) {
      this.consumer = undefined;
      this.discard();
    }
  }

  turn(): void {
    const consumer = this.consumer;
    if (consumer !== undefined) {
      this.deliver(consumer, this.queued);
      if (this.consumer === consumer) {
        this.endTurn(consumer);
      }
    }
    this.afterTurn();
  }

  /** Gives the place to `consumer`. Where there is zone.js, its turns are in the zone of the caller. */
  protected seat(consumer: Observer<T>): void {
    this.consumer = consumer;
    const zone = currentZone();
    if (zone !== undefined) {
      const turn = this.turn.bind(this);
      // The whole turn, since Angular checks its page whenever its zone is left; and where there is no zone.js, a turn looks for none.
      this.turn = () => {
        runIn(zone, turn, report);
      };
    }
  }

  /** Values that wait in the queue. */
  protected get queued(): number {
    return this.queue?.size ?? 0;
  }

  /** Called when a turn is over, whether or not there was a consumer. Must not throw. */
  protected afterTurn(): void {
    // Here, there is nothing to tell.
  }

  /** Hands over the `queued` values that wait now. What arrives meanwhile waits for the next turn. */
  protected deliver(consumer: Observer<T>, queued: number): void {
    let count = queued;
    while (count > 0) {
      try {
        // A consumer that leaves, or is left, in the midst of it has emptied the mailbox.
        while (count > 0 && this.queue !== undefined) {
          count -= 1;
          // Shift before calling: a publish from within the consumer must see the freed place.
          consumer.next(this.queue.shift());
        }
        return;
      } catch (error) {
        report(error);
      }
    }
  }

  private endTurn(consumer: Observer<T>): void {
    if (this.waiting > 0) {
      this.requestTurn();
    } else if (this.ending !== undefined) {
      const ending = this.ending;
      this.ending = 'complete';
      // Forget the consumer before calling it: it may subscribe again from within, and finds a mailbox that is through.
      this.consumer = undefined;
      try {
        if (ending === 'complete') {
          consumer.complete();
        } else {
          consumer.error(ending.error);
        }
      } catch (error) {
        report(error);
      }
    }
  }
}

/** Reports what a handler threw as RxJS does: later, on nobody's stack. */
export function report(error: unknown): void {
  throwError(() => error).subscribe();
}
