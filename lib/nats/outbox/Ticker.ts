import type { SchedulerLike, Subscription } from 'rxjs';
import { scheduleOutOfContext } from '../../internal/support/context.js';

const TICK_MS = 50;

/** Calls back every 50 ms while there is something to look after. */
export class Ticker {
  private action: Subscription | undefined;
  private dueAt = 0;

  /**
   * @param next Gets whether the call is late: this process stood still, and what has come meanwhile may not be read yet. Returns whether there is
   *   still something to look after.
   */
  constructor(
    private readonly scheduler: SchedulerLike,
    private readonly next: (isLate: boolean) => boolean,
  ) {}

  /** There is something to look after. */
  start(): void {
    if (this.action === undefined || this.action.closed) {
      this.dueAt = this.scheduler.now() + TICK_MS;
      this.action = scheduleOutOfContext(
        this.scheduler,
        () => {
          this.action = undefined;
          this.tick();
        },
        TICK_MS,
      );
    }
  }

  stop(): void {
    this.action?.unsubscribe();
  }

  private tick(): void {
    if (this.next(this.scheduler.now() - this.dueAt > TICK_MS)) {
      this.start();
    }
  }
}
