import { delay } from './delay.js';

/**
 * Times a replay that is `speed` times faster than the log. Without a speed, it never waits.
 *
 * Invariant: `elapsed` is the time from the first timestamp to the latest one so far. An entry with an earlier timestamp, or without
 * one, takes no time.
 */
export class Pace {
  #latest: number | undefined;
  #elapsed = 0;
  #started = 0;

  constructor(
    private readonly speed: number | undefined,
    private readonly signal: AbortSignal,
  ) {}

  /** Resolves when it is time for an entry of the time `at`, in milliseconds of the log's clock. */
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
    // Measured from the start, so that late timers do not add up.
    await delay(this.#started + this.#elapsed / this.speed - performance.now(), this.signal);
  }
}
