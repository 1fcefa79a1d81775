import { Alarm } from '../support/Alarm.js';
import type { SteadyClock } from '../support/SteadyClock.js';

/**
 * Watches whether somebody takes something of what waits.
 *
 * Invariant: an alarm is set if and only if it watches. When it rings, the limit has passed since it was set, whatever a clock says.
 */
export class StallTimer {
  readonly #clock: SteadyClock;
  readonly #limit: number;
  readonly #stalled: () => void;
  readonly #alarm: Alarm;
  /** When something was taken last, if that was after the alarm was set. */
  #takenAt: number | undefined;

  /**
   * @param limit For how long nothing may be taken, in milliseconds.
   * @param stalled Told once it was so; then it does not watch any more.
   */
  constructor(clock: SteadyClock, limit: number, stalled: () => void) {
    this.#clock = clock;
    this.#limit = limit;
    this.#stalled = stalled;
    this.#alarm = new Alarm(clock, () => {
      this.#ring();
    });
  }

  /** Something waits since `since`. Where something did before, that changes nothing: to arrive is not to be taken. */
  watch(since: number): void {
    if (!this.#alarm.isSet) {
      this.#begin(since);
    }
  }

  /** Something waits, and something was taken just now. */
  restart(): void {
    const now = this.#clock.read();
    if (this.#alarm.isSet) {
      this.#takenAt = now;
    } else {
      this.#begin(now);
    }
  }

  /** Nothing waits, or nobody minds. */
  stop(): void {
    this.#alarm.stop();
  }

  #begin(since: number): void {
    this.#takenAt = undefined;
    this.#alarm.set(Math.min(since, this.#clock.read()) + this.#limit);
  }

  #ring(): void {
    if (this.#takenAt !== undefined && this.#clock.read() - this.#takenAt < this.#limit) {
      this.#begin(this.#takenAt);
    } else {
      this.#stalled();
    }
  }
}
