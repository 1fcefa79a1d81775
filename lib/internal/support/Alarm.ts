import type { Subscription } from 'rxjs';
import { scheduleOutOfContext } from './context.js';
import type { SteadyClock, Timed } from './SteadyClock.js';
import { currentTimers } from './platform.js';

/**
 * Calls a function once at a given time.
 *
 * Invariant: its clock keeps a reference to it from `set` until it rings or is stopped.
 */
export class Alarm implements Timed {
  /** The time on its clock at which it rings. */
  due = Infinity;
  private readonly clock: SteadyClock;
  private readonly ring: () => void;
  private action: Subscription | undefined;
  /** The platform's timers at the time when the action was scheduled. */
  private timers: unknown;
  /** Number of the current action. An earlier action may still run, and is then ignored. */
  private number = 0;

  /** @param ring Called once for each call of `set`, unless the alarm is stopped before. */
  constructor(clock: SteadyClock, ring: () => void) {
    this.clock = clock;
    this.ring = ring;
  }

  get isSet(): boolean {
    // A closed action will not run: an error in another action of the same scheduler flush cancels it.
    return this.action?.closed === false;
  }

  set(due: number): void {
    this.due = due;
    this.renew();
  }

  /** Schedules the action again, since the present one may be lost. */
  renew(): void {
    this.stop();
    const { clock, number } = this;
    const left = Math.max(this.due - clock.read(), 1);
    this.timers = currentTimers();
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
    // The timers that replaced them cannot clear the action: RxJS would throw when its timer fires after the cancellation.
    if (this.timers === currentTimers()) {
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
