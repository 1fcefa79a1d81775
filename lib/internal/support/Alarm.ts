import type { Subscription } from 'rxjs';
import { scheduleOutOfContext } from './context.js';
import type { SteadyClock, Timed } from './SteadyClock.js';
import { platform } from './platform.js';

/**
 * One action for later.
 *
 * Invariant: its clock knows of it from when it is set until it has rung or is stopped.
 */
export class Alarm implements Timed {
  /** When it is to ring, on its clock. */
  due = Infinity;
  private readonly clock: SteadyClock;
  private readonly ring: () => void;
  private action: Subscription | undefined;
  /** The platform's, when the action was scheduled. */
  private timers: unknown;
  /** Of the present action: an earlier one may still come, and has no meaning. */
  private number = 0;

  /** @param ring Called once for each time that it was set, unless it is stopped. */
  constructor(clock: SteadyClock, ring: () => void) {
    this.clock = clock;
    this.ring = ring;
  }

  get isSet(): boolean {
    // One that is closed will not run: a throw in somebody's action beside it on the scheduler cancels it.
    return this.action?.closed === false;
  }

  set(due: number): void {
    this.due = due;
    this.renew();
  }

  /** Schedules it anew, where its action may be lost. */
  renew(): void {
    this.stop();
    const { clock, number } = this;
    const left = Math.max(this.due - clock.read(), 1);
    this.timers = platform.setInterval;
    clock.expect(this);
    const ring = (): void => {
      if (number === this.number) {
        this.release();
        this.ring();
      }
    };
    this.action = scheduleOutOfContext(clock.scheduler, ring, left);
  }

  stop(): void {
    // Other timers cannot clear it: RxJS throws when a timer comes whose action was cancelled.
    if (this.timers === platform.setInterval) {
      this.action?.unsubscribe();
    }
    this.release();
  }

  private release(): void {
    this.number += 1;
    this.action = undefined;
    this.clock.forget(this);
  }
}
