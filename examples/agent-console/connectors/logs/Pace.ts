import { delay } from '../delay.js';

/** The first times of all logs are waited for this long, in milliseconds: a pipe may never have one. */
const MEET_WITHIN_MS = 2000;

/**
 * One clock for several logs that are replayed at once, `speed` times faster than it happened.
 *
 * It starts at the earliest of the first times of the logs. So what happened in one log before it happened in another comes first.
 */
export class Pace {
  #awaited: number;
  #earliest = Infinity;
  /** Set once, by the first log that has a time. */
  #start: Promise<Start> | undefined;
  #allMet: () => void = () => undefined;

  /**
   * @param speed How many times faster than it happened. `undefined`: as fast as possible.
   * @param logs The number of logs. Each must {@link join}.
   */
  constructor(
    readonly speed: number | undefined,
    logs: number,
    private readonly signal: AbortSignal,
  ) {
    this.#awaited = logs;
  }

  /** The pace of one log. */
  join(): LogPace {
    let hasMet = false;
    const meet = (at: number): void => {
      if (!hasMet) {
        hasMet = true;
        this.#earliest = Math.min(this.#earliest, at);
        this.#awaited -= 1;
        if (this.#awaited <= 0) {
          this.#allMet();
        }
      }
    };
    return {
      isPaced: this.speed !== undefined,
      reach: async (at) => {
        if (this.speed !== undefined && at !== undefined) {
          meet(at);
          const { startedAt, from } = await (this.#start ??= this.#meeting());
          // Measured from the start, so that late timers do not add up.
          await delay(startedAt + (at - from) / this.speed - performance.now(), this.signal);
        }
      },
      leave: () => {
        meet(Infinity);
      },
    };
  }

  async #meeting(): Promise<Start> {
    const met = new AbortController();
    this.#allMet = () => {
      met.abort();
    };
    if (this.#awaited > 0) {
      await delay(MEET_WITHIN_MS, AbortSignal.any([met.signal, this.signal]));
    }
    return { startedAt: performance.now(), from: this.#earliest };
  }
}

/** The beginning of a replay, by the clock of this process and by that of the logs. */
interface Start {
  readonly startedAt: number;
  readonly from: number;
}

/** How one log keeps to the clock. */
export interface LogPace {
  /** Whether there is anything to wait for. */
  readonly isPaced: boolean;
  /** Resolves when it is time for what happened at `at`. What is late, and what has no time, does not wait. */
  reach(at: number | undefined): Promise<void>;
  /** Says that no first time is to come: the log has ended, or is waited for. */
  leave(): void;
}
