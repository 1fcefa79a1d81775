import type { SchedulerLike, Subscription } from 'rxjs';
import { outOfContext } from '../support/context.js';
import { platform } from '../support/platform.js';

// What runs when: jobs on the stack of whoever asks for them, one at a time; consumers in scheduled actions, in turns.

/**
 * Runs jobs one at a time, in the order in which they were asked for. A job that is asked for while another one runs waits for its
 * place. Publishing, joining and leaving are such jobs, so whatever a callback does while an event is routed happens after that event.
 */
export class InOrder {
  #waiting: (() => void)[] = [];
  #running = false;

  /** Whether a job runs now. */
  get isRunning(): boolean {
    return this.#running;
  }

  /**
   * Runs `job` with `subject`, now or when its place has come. A job throws only if the stack has come to its end.
   *
   * @param subject Given apart from the job, so that an event that need not wait costs no closure.
   */
  run<T>(job: (subject: T) => void, subject: T): void {
    if (this.#running) {
      this.#waiting.push(() => {
        job(subject);
      });
      return;
    }
    this.#running = true;
    try {
      job(subject);
      // The list grows while it is walked.
      for (const next of this.#waiting) {
        next();
      }
    } finally {
      if (this.#waiting.length > 0) {
        this.#waiting = [];
      }
      this.#running = false;
    }
  }
}

/**
 * One scheduled action for all the work that there is: the hop in time between a publisher and its consumers.
 *
 * Invariants: at most one action is scheduled. None is while the work runs, so that one run never begins inside another.
 */
export class Action {
  readonly #scheduler: SchedulerLike;
  /** The scheduler keeps the context of the first caller, which may be a request that publishes nothing here. */
  readonly #run: () => void;
  #isRunning = false;
  #runs = 0;
  #scheduled: Subscription | undefined;
  /** The timers of the platform when the action was scheduled. */
  #timers: unknown;

  /** @param work Never throws. Returns whether there is more to do, in another action. */
  constructor(scheduler: SchedulerLike, work: () => boolean) {
    this.#scheduler = scheduler;
    const run = (): void => {
      this.#isRunning = true;
      this.#runs += 1;
      this.#scheduled = undefined;
      const isMore = work();
      this.#isRunning = false;
      if (isMore) {
        this.ensure();
      }
    };
    this.#run = outOfContext.bind(undefined, run);
  }

  /** Whether the work runs now. */
  get isRunning(): boolean {
    return this.#isRunning;
  }

  /** Schedules an action, unless one is scheduled or runs. */
  ensure(): void {
    // A closed action will not run: an error in another action of the same scheduler cancels it. An action of other timers, such as
    // fake ones, may not run either.
    if (!this.#isRunning && (this.#scheduled?.closed !== false || this.#timers !== platform.setInterval)) {
      this.#timers = platform.setInterval;
      const before = this.#runs;
      const action = this.#scheduler.schedule(this.#run);
      // A scheduler may run the action before it returns. Then nothing is left to cancel.
      if (this.#runs === before) {
        this.#scheduled = action;
      }
    }
  }

  /** Cancels the action that is scheduled, if there is one. */
  cancel(): void {
    // Other timers cannot clear it: RxJS throws when a timer comes whose action was cancelled. Not cancelled, it finds nothing to do.
    if (this.#timers === platform.setInterval) {
      this.#scheduled?.unsubscribe();
    }
    this.#scheduled = undefined;
  }
}

/** Something that has work for a turn. `turn` never throws. */
export interface TurnTaker {
  /** Whether it stands in the line. Written by {@link Turns} only. */
  awaitsTurn: boolean;
  turn(): void;
}

/**
 * The line of those that wait for their turn.
 *
 * Invariant: `awaiting` counts the takers in the line that still await their turn.
 */
export class Turns {
  awaiting = 0;
  #line: TurnTaker[] = [];
  #current: TurnTaker | undefined;

  /** Puts `taker` at the end of the line, unless it stands there. */
  request(taker: TurnTaker): void {
    if (!taker.awaitsTurn) {
      taker.awaitsTurn = true;
      this.awaiting += 1;
      this.#line.push(taker);
    }
  }

  /** Takes `taker` out of the line. */
  withdraw(taker: TurnTaker): void {
    if (taker.awaitsTurn) {
      taker.awaitsTurn = false;
      this.awaiting -= 1;
      if (this.awaiting === 0) {
        this.#line = [];
      }
    }
  }

  /** Whether this is the turn of `taker`, which gives places free as it goes. */
  isTurnOf(taker: TurnTaker): boolean {
    return this.#current === taker;
  }

  /** Gives those in the line their turn, in order. A taker that asks for a turn meanwhile stands in the next line. */
  take(): void {
    const line = this.#line;
    this.#line = [];
    for (const taker of line) {
      // A taker that was withdrawn awaits nothing. A taker that stands here twice has had its turn.
      if (taker.awaitsTurn) {
        taker.awaitsTurn = false;
        this.awaiting -= 1;
        this.#current = taker;
        taker.turn();
      }
    }
    this.#current = undefined;
  }
}
