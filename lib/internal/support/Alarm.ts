import type { Subscription } from 'rxjs';
import { scheduleOutOfContext } from './scheduleOutOfContext.js';
import type { SteadyClock } from './SteadyClock.js';

/** One action for later. */
export class Alarm {
  private readonly clock: SteadyClock;
  private readonly ring: () => void;
  private action: Subscription | undefined;

  /** @param ring Called once for each time that it was set, unless it is stopped. */
  constructor(clock: SteadyClock, ring: () => void) {
    this.clock = clock;
    this.ring = ring;
  }

  get isSet(): boolean {
    // One that is closed will not run: a throw in somebody's action beside it on the scheduler cancels it.
    return this.action?.closed === false;
  }

  /** @param due When it is to ring, on its clock. */
  set(due: number): void {
    const { clock } = this;
    this.action = scheduleOutOfContext(
      clock.scheduler,
      () => {
        this.action = undefined;
        this.ring();
      },
      Math.max(due - clock.read(), 1),
    );
  }

  stop(): void {
    this.action?.unsubscribe();
    this.action = undefined;
  }
}
