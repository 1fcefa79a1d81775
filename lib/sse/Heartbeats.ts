import type { SchedulerLike, Subscription } from 'rxjs';
import { scheduleOutOfContext } from '../internal/support/context.js';
import { currentTimers } from '../internal/support/platform.js';
import { SteadyClock } from '../internal/support/SteadyClock.js';

/** A stream that waits for something to send. Only {@link Heartbeats} writes the fields. */
export interface Waiter {
  before: Waiter | undefined;
  after: Waiter | undefined;
  /** When its heartbeat is due, on the clock of {@link Heartbeats}. `undefined` while it does not wait. */
  dueAt: number | undefined;
  /** Called when it has waited for the time of a heartbeat. It no longer waits then. */
  beat(): void;
}

/**
 * Tells the waiting streams of one server when a heartbeat is due, with one timer for all of them. All have the same idle time, so the
 * first one that began to wait is the first one that is due.
 *
 * Invariants: the list is in the order of `dueAt`. A timer is set at least while a stream waits, and it is not later than the first `dueAt`.
 */
export class Heartbeats {
  private readonly scheduler: SchedulerLike;
  private readonly idleMs: number;
  private readonly clock: SteadyClock;
  private first: Waiter | undefined;
  private last: Waiter | undefined;
  private timer: Subscription | undefined;
  /** The platform's timers when the timer was set. */
  private timers: unknown;
  /** Number of the current timer. An earlier one may still run, and is then ignored. */
  private number = 0;
  private isBeating = false;
  /** The time of the present round, or that of the heartbeats that are told now. */
  private roundTime: number | undefined;

  /** @param idleMs Idle time before a heartbeat, in milliseconds. */
  constructor(scheduler: SchedulerLike, idleMs: number) {
    this.scheduler = scheduler;
    this.idleMs = idleMs;
    this.clock = new SteadyClock(scheduler);
  }

  /** `waiter` waits from now on. */
  add(waiter: Waiter): void {
    this.remove(waiter);
    const { last } = this;
    const now = this.roundTime ?? this.clock.read();
    waiter.dueAt = now + this.idleMs;
    waiter.before = last;
    if (last === undefined) {
      this.first = waiter;
    } else {
      last.after = waiter;
    }
    this.last = waiter;
    if (!this.isBeating && !this.hasTimer) {
      this.dropTimer();
      this.setTimer(Math.max(((this.first ?? waiter).dueAt ?? now) - now, 1));
    }
  }

  /** `waiter` no longer waits. */
  remove(waiter: Waiter): void {
    if (waiter.dueAt === undefined) {
      return;
    }
    const { before, after } = waiter;
    if (before === undefined) {
      this.first = after;
    } else {
      before.after = after;
    }
    if (after === undefined) {
      this.last = before;
    } else {
      after.before = before;
    }
    waiter.dueAt = undefined;
    waiter.before = undefined;
    waiter.after = undefined;
  }

  /** The streams that wait until {@link endRound} begin to wait now. So the clock is read once for all of them. */
  beginRound(): void {
    if (!this.isBeating) {
      this.roundTime = this.clock.read();
    }
  }

  endRound(): void {
    this.roundTime = undefined;
    this.tidy();
  }

  /** Cancels the timer if no stream waits. It is a separate call, since a stream that is sent something soon waits again. */
  tidy(): void {
    if (this.first === undefined) {
      this.dropTimer();
    }
  }

  /** Whether the timer will run. It may not if it was one of a test's fake timers, which are gone, or was cancelled by an error of others. */
  private get hasTimer(): boolean {
    return this.timer?.closed === false && this.timers === currentTimers();
  }

  private dropTimer(): void {
    // Other timers cannot clear it: RxJS would throw when it fires after that.
    if (this.timers === currentTimers()) {
      this.timer?.unsubscribe();
    }
    this.timer = undefined;
    this.number += 1;
  }

  private setTimer(delayMs: number): void {
    const dueAt = (this.roundTime ?? this.clock.read()) + delayMs;
    const { number } = this;
    this.timers = currentTimers();
    this.timer = scheduleOutOfContext(
      this.scheduler,
      () => {
        if (number === this.number) {
          this.beat(dueAt);
        }
      },
      delayMs,
    );
  }

  /** @param time The time for which the timer was set. A scheduler may have a clock that stands still. */
  private beat(time: number): void {
    this.timer = undefined;
    this.isBeating = true;
    const now = Math.max(time, this.clock.read());
    // Who waits again is due later than now, even if the clock stands still, or the time of a round that is still open is long past.
    this.roundTime = now;
    for (let { first } = this; first?.dueAt !== undefined && first.dueAt <= now; { first } = this) {
      this.remove(first);
      first.beat();
    }
    this.isBeating = false;
    if (this.first?.dueAt !== undefined) {
      this.setTimer(this.first.dueAt - now);
    }
    this.roundTime = undefined;
  }
}
