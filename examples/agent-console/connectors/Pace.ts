import { delay } from './delay.js';

/**
 * Replays `speed` times faster than it happened; without a speed, as fast as it can be taken.
 *
 * Invariant: `elapsed` is the time from the first timestamp to the latest one seen. A timestamp before the latest, or
 * none, takes no time.
 */
export class Pace {
  #latest: number | undefined;
  #elapsed = 0;
  #started = 0;

  constructor(
    private readonly speed: number | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when it is time for what happened at `at`, in milliseconds of the log's clock. */
  async reach(at: number | undefined): Promise<void> {
    if (this.speed === undefined || at === undefined) {
      return;
    }
    if (this.#latest === undefined) {
      this.#started = performance.now();
      this.#latest = at;
    }
    this.#elapsed += Math.max(0, at - this.#latest);
    this.#latest = Math.max(at, this.#latest);
    // Measured from the start: what one wait was late, the next one makes good.
    await delay(this.#started + this.#elapsed / this.speed - performance.now(), this.signal);
  }
}
