import { asapScheduler, type SchedulerLike, type Subscription } from 'rxjs';
import { outOfContext } from '../support/context.js';
import { platform } from '../support/platform.js';
import { fakeAsyncTimers, outerZone, type Zone } from '../support/zone.js';

// The order of all work. Jobs run on the caller's stack, one at a time. Consumers run in scheduled actions, in turns.

/** Its `then` queues a microtask. */
const RESOLVED = Promise.resolve();

/**
 * Runs jobs one at a time, in the order of the calls. A job that is added while another one runs waits for its place in that order.
 * Publishing, joining and leaving are jobs. So what a callback does while an event is routed takes effect after that event.
 */
export class InOrder {
  private waiting: (() => void)[] = [];
  /** Whether a job runs now. */
  isRunning = false;

  /**
   * Runs `job` with `subject`: now, or in its place in the order. A job throws only if the stack overflows.
   *
   * @param subject Passed separately, so that no closure is created for an event that need not wait.
   */
  run<T>(job: (subject: T) => void, subject: T): void {
    if (this.isRunning) {
      this.waiting.push(() => {
        job(subject);
      });
      return;
    }
    this.isRunning = true;
    try {
      job(subject);
      // Jobs may be added during the loop.
      for (const next of this.waiting) {
        next();
      }
    } finally {
      if (this.waiting.length > 0) {
        this.waiting = [];
      }
      this.isRunning = false;
    }
  }
}

/**
 * One scheduled action for all work: the hop in time between publishers and consumers.
 *
 * Invariants: at most one action is scheduled. No action is scheduled while the work runs, so one run never begins inside another.
 */
export class Action {
  private readonly scheduler: SchedulerLike;
  /** Runs outside of every context. The scheduler itself keeps the context of its first caller, which may be an unrelated request. */
  private readonly run: () => void;
  /** Whether the work runs now. */
  isRunning = false;
  private runs = 0;
  private scheduled: Subscription | undefined;
  /** The platform's `setInterval` when the action was scheduled: it identifies the set of timers. */
  private timers: unknown;
  /** The zone in which the action was scheduled, and the timers of the `fakeAsync` test that it was scheduled in. */
  private zone: Zone | undefined;
  private fakeTimers: unknown;

  /** @param work Must not throw. Returns whether another action is needed. */
  constructor(scheduler: SchedulerLike, work: () => boolean) {
    this.scheduler = scheduler;
    const run = (): void => {
      this.isRunning = true;
      this.runs += 1;
      this.scheduled = undefined;
      const isMore = work();
      this.isRunning = false;
      if (isMore) {
        this.ensure();
      }
    };
    this.run = outOfContext.bind(undefined, run);
  }

  /** Schedules an action, unless one is scheduled or running. */
  ensure(): void {
    // A closed action will not run: an error in another action of the same scheduler has cancelled it.
    if (!this.isRunning && (this.scheduled?.closed !== false || !this.hasItsTimers)) {
      this.timers = platform.setInterval;
      this.zone = outerZone();
      if (this.zone === undefined) {
        this.schedule();
      } else {
        this.fakeTimers = fakeAsyncTimers();
        this.zone.run(() => {
          this.schedule();
        });
      }
    }
  }

  /** Cancels the scheduled action, if there is one. */
  cancel(): void {
    // Other timers cannot clear it, and RxJS throws when the timer of a cancelled action fires. So such an action is not cancelled. If it
    // runs, it finds nothing to do.
    if (this.hasItsTimers) {
      this.scheduled?.unsubscribe();
    }
    this.scheduled = undefined;
  }

  private schedule(): void {
    const before = this.runs;
    const action = this.scheduler.schedule(this.run);
    // A scheduler may run the action before `schedule` returns. Then there is nothing to cancel.
    if (this.runs === before) {
      this.scheduled = action;
      if (this.scheduler === asapScheduler) {
        this.watch(action);
      }
    }
  }

  /**
   * Runs the work if `asapScheduler` has not run `action` by its own time. That is so if an error in another action of that scheduler has
   * cancelled it, and if the scheduler waits in vain for a microtask of a test that has failed in virtual time.
   */
  private watch(action: Subscription): void {
    // Queued after the scheduler's own microtask.
    void RESOLVED.then(() => {
      if (this.scheduled === action) {
        action.unsubscribe();
        this.run();
      }
    });
  }

  /** Whether the timers are those that the action was scheduled with. On others, such as fake ones, it may never run. */
  private get hasItsTimers(): boolean {
    return this.timers === platform.setInterval && (this.zone === undefined || this.fakeTimers === fakeAsyncTimers());
  }
}

/** Does its work in turns. `turn` never throws. */
export interface TurnTaker {
  /** Whether it is queued for a turn. Written by {@link Turns} only. */
  awaitsTurn: boolean;
  turn(): void;
}

/**
 * The queue for turns.
 *
 * Invariant: `awaiting` is the number of takers in the queue whose `awaitsTurn` is true.
 */
export class Turns {
  awaiting = 0;
  private queue: TurnTaker[] = [];
  private current: TurnTaker | undefined;

  /** Adds `taker` at the end of the queue, unless it is queued. */
  request(taker: TurnTaker): void {
    if (!taker.awaitsTurn) {
      taker.awaitsTurn = true;
      this.awaiting += 1;
      this.queue.push(taker);
    }
  }

  /** Cancels the turn of `taker`. */
  withdraw(taker: TurnTaker): void {
    if (taker.awaitsTurn) {
      taker.awaitsTurn = false;
      this.awaiting -= 1;
      if (this.awaiting === 0) {
        this.queue = [];
      }
    }
  }

  /** Whether the turn of `taker` runs now. Each event that it delivers frees a place. */
  isTurnOf(taker: TurnTaker): boolean {
    return this.current === taker;
  }

  /** Runs the turns of all queued takers, in order. Turns that are requested meanwhile wait for the next call. */
  runAll(): void {
    const queue = this.queue;
    this.queue = [];
    for (const taker of queue) {
      // False if the turn was cancelled. If it was requested again, the taker is queued twice: its second entry is skipped.
      if (taker.awaitsTurn) {
        taker.awaitsTurn = false;
        this.awaiting -= 1;
        this.current = taker;
        taker.turn();
      }
    }
    this.current = undefined;
  }
}
