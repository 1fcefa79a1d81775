import type { SchedulerLike, Subscription } from 'rxjs';

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

  /** Something waits since `since`, or was taken then. */
  watch(since: number): void {
    this.#idleSince = Math.max(this.#idleSince, since);
    if (this.#action === undefined) {
      this.#schedule();
    }
  }

  /** Nothing waits, or nobody minds. */
  stop(): void {
    this.#action?.unsubscribe();
    this.#action = undefined;
  }

  #schedule(): void {
    const left = this.#limit - (this.#now() - this.#idleSince);
    // A clock that was set back must not make it wait for ever.
    this.#action = this.#scheduler.schedule(
      () => {
        this.#action = undefined;
        if (this.#now() - this.#idleSince >= this.#limit) {
          this.#stalled();
        } else {
          this.#schedule();
        }
      },
      Math.min(Math.max(left, 1), this.#limit),
    );
  }
}
