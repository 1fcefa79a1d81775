import type { SchedulerLike, Subscription } from 'rxjs';

/** Something that has work for a hand-over turn. `turn` never throws. */
export interface TurnTaker {
  /** Whether a turn is asked for and not yet begun. Kept by {@link Turns}. */
  awaitsTurn: boolean;
  turn(): void;
}

/**
 * The hop in time between publisher and consumers: one scheduled action for a burst, whatever the number of takers.
 *
 * Invariants: `awaiting` counts the takers of `line` that still await their turn. While no action runs, one is
 * scheduled if and only if `awaiting` is not 0.
 */
export class Turns {
  readonly #scheduler: SchedulerLike;
  #line: TurnTaker[] = [];
  #awaiting = 0;
  #running = false;
  #action: Subscription | undefined;

  constructor(scheduler: SchedulerLike) {
    this.#scheduler = scheduler;
  }

  /** Asks for one turn of `taker`, after those that asked before. */
  request(taker: TurnTaker): void {
    if (!taker.awaitsTurn) {
      taker.awaitsTurn = true;
      this.#awaiting += 1;
      this.#line.push(taker);
    }
    // A running action schedules the next one itself, so that one turn never begins inside another. One that is closed
    // will not run: a throw in somebody's action beside it on the scheduler cancels it.
    if (!this.#running && this.#action?.closed !== false) {
      this.#schedule();
    }
  }

  /** Takes back what `taker` asked for; the last one to go takes the scheduled action along. */
  withdraw(taker: TurnTaker): void {
    if (!taker.awaitsTurn) {
      return;
    }
    taker.awaitsTurn = false;
    this.#awaiting -= 1;
    if (this.#awaiting === 0) {
      this.#line = [];
      this.#action?.unsubscribe();
      this.#action = undefined;
    }
  }

  #schedule(): void {
    // A scheduler may run the action before it returns: then there is nothing left to cancel.
    const action = this.#scheduler.schedule(() => {
      this.#run();
    });
    this.#action = this.#awaiting > 0 ? action : undefined;
  }

  #run(): void {
    this.#running = true;
    this.#action = undefined;
    const line = this.#line;
    this.#line = [];
    for (const taker of line) {
      // One that withdrew awaits nothing; one that stands here twice has had its turn.
      if (taker.awaitsTurn) {
        taker.awaitsTurn = false;
        this.#awaiting -= 1;
        taker.turn();
      }
    }
    this.#running = false;
    if (this.#awaiting > 0) {
      this.#schedule();
    } else {
      this.#line = [];
    }
  }
}
