import type { SchedulerLike, Subscription } from 'rxjs';
import { scheduleOutOfContext } from '../support/scheduleOutOfContext.js';

/**
 * Watches whether somebody takes something of what waits.
 *
 * Invariant: an action is scheduled if and only if it watches.
 */
export class StallTimer {
  readonly #scheduler: SchedulerLike;
  readonly #now: () => number;
  readonly #limit: number;
  readonly #stalled: () => void;
  #action: Subscription | undefined;
  #idleSince = 0;

  /**
   * @param now The time on `scheduler`, in milliseconds.
   * @param limit For how long nothing may be taken, in milliseconds.
   * @param stalled Told once it was so; then it does not watch any more.
   */
  constructor(scheduler: SchedulerLike, now: () => number, limit: number, stalled: () => void) {
    this.#scheduler = scheduler;
    this.#now = now;
    this.#limit = limit;
    this.#stalled = stalled;
  }

  /** Something waits since `since`. Where something did before, that changes nothing: to arrive is not to be taken. */
  watch(since: number): void {
    if (!this.#watches) {
      this.restart(since);
    }
  }

  /** Something waits, and something was taken at `since`. */
  restart(since: number): void {
    this.#idleSince = since;
    if (!this.#watches) {
      this.#schedule();
    }
  }

  /** Nothing waits, or nobody minds. */
  stop(): void {
    this.#action?.unsubscribe();
    this.#action = undefined;
  }

  get #watches(): boolean {
    // One that is closed will not run: a throw in somebody's action beside it on the scheduler cancels it.
    return this.#action?.closed === false;
  }

  #schedule(): void {
    // A clock that was set back makes it wait for the limit once more, and not for longer.
    this.#idleSince = Math.min(this.#idleSince, this.#now());
    const left = this.#limit - (this.#now() - this.#idleSince);
    this.#action = scheduleOutOfContext(
      this.#scheduler,
      () => {
        this.#action = undefined;
        if (this.#now() - this.#idleSince >= this.#limit) {
          this.#stalled();
        } else {
          this.#schedule();
        }
      },
      Math.max(left, 1),
    );
  }
}
