import type { SchedulerLike, Unsubscribable } from 'rxjs';
import { scheduleOutOfContext } from '../internal/support/context.js';
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
  private timer: Unsubscribable | undefined;
  private isBeating = false;
  /** The time of the present round. */
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
    waiter.dueAt = (this.roundTime ?? this.clock.read()) + this.idleMs;
    waiter.before = last;
    if (last === undefined) {
      this.first = waiter;
    } else {
      last.after = waiter;
    }
    this.last = waiter;
    if (this.timer === undefined && !this.isBeating) {
      this.setTimer(this.idleMs);
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
    this.roundTime = this.clock.read();
  }

  endRound(): void {
    this.roundTime = undefined;
    this.tidy();
  }

  /** Cancels the timer if no stream waits. It is a separate call, since a stream that is sent something soon waits again. */
  tidy(): void {
    if (this.first === undefined) {
      this.timer?.unsubscribe();
      this.timer = undefined;
    }
  }

  private setTimer(delayMs: number): void {
    const dueAt = (this.roundTime ?? this.clock.read()) + delayMs;
    this.timer = scheduleOutOfContext(
      this.scheduler,
      () => {
        this.beat(dueAt);
      },
      delayMs,
    );
  }

  /** @param time The time for which the timer was set. A scheduler may have a clock that stands still. */
  private beat(time: number): void {
    this.timer = undefined;
    this.isBeating = true;
    const now = Math.max(time, this.clock.read());
    for (let { first } = this; first?.dueAt !== undefined && first.dueAt <= now; { first } = this) {
      this.remove(first);
      first.beat();
    }
    this.isBeating = false;
    if (this.first?.dueAt !== undefined) {
      this.setTimer(this.first.dueAt - now);
    }
  }
}
