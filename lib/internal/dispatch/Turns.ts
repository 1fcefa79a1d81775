import type { SchedulerLike, Subscription } from 'rxjs';
import { outOfContext } from '../support/context.js';
import { platformTimers } from '../support/platformTimers.js';

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
 * scheduled if and only if it is wanted.
 */
export class Turns {
  readonly #scheduler: SchedulerLike;
  /** The scheduler calls in the context of the first to use it, which may be a request's that publishes nothing here. */
  readonly #work = (): void => {
    outOfContext(this.#run);
  };
  #line: TurnTaker[] = [];
  #awaiting = 0;
  #running = false;
  #current: TurnTaker | undefined;
  #action: Subscription | undefined;
  /** The platform's, when the action was scheduled. */
  #timers: unknown;

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
    this.ensureAction();
  }

  /** Takes back what `taker` asked for. */
  withdraw(taker: TurnTaker): void {
    if (taker.awaitsTurn) {
      taker.awaitsTurn = false;
      this.#awaiting -= 1;
      this.cancelUnwanted();
    }
  }

  /** Whether an action runs. */
  protected get isRunning(): boolean {
    return this.#running;
  }

  /** Whether it is the turn of `taker`, which gives places free as it goes. */
  isTurnOf(taker: TurnTaker): boolean {
    return this.#current === taker;
  }

  /** Whether there is anything to do in an action. */
  protected get isWanted(): boolean {
    return this.#awaiting > 0;
  }

  /** Called when an action begins, before the first turn. May request turns of this very action; must not throw. */
  protected begin(): void {
    // Here, there is nothing to prepare.
  }

  /** Called when an action is over. Must not throw. */
  protected end(): void {
    // Here, there is nothing to conclude.
  }

  /** Sees to it that there will be an action. */
  protected ensureAction(): void {
    // A running action schedules the next one itself, so that one turn never begins inside another. One that is closed
    // will not run: a throw in somebody's action beside it on the scheduler cancels it. One of other timers, fake ones, may not.
    if (!this.#running && (this.#action?.closed !== false || this.#timers !== platformTimers())) {
      this.#timers = platformTimers();
      // A scheduler may run the action before it returns: then there is nothing left to cancel.
      const action = this.#scheduler.schedule(this.#work);
      this.#action = this.isWanted ? action : undefined;
    }
  }

  /** The last one to go takes the scheduled action along. */
  protected cancelUnwanted(): void {
    if (!this.isWanted) {
      this.#line = [];
      // Other timers cannot clear it: RxJS throws when a timer comes whose action was cancelled. Not cancelled, it finds nothing to do.
      if (this.#timers === platformTimers()) {
        this.#action?.unsubscribe();
      }
      this.#action = undefined;
    }
  }

  readonly #run = (): void => {
    this.#running = true;
    this.#action = undefined;
    this.begin();
    const line = this.#line;
    this.#line = [];
    for (const taker of line) {
      // One that withdrew awaits nothing; one that stands here twice has had its turn.
      if (taker.awaitsTurn) {
        taker.awaitsTurn = false;
        this.#awaiting -= 1;
        this.#current = taker;
        taker.turn();
      }
    }
    this.#current = undefined;
    this.#running = false;
    this.end();
    if (this.isWanted) {
      this.ensureAction();
    } else {
      this.#line = [];
    }
  };
}
