import type { SchedulerLike } from 'rxjs';
import { MAX_COUNT, type OptionNames, requireCount, requireOptions } from '../internal/support/require.js';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';

type Retry = Exclude<FromEventStreamOptions['retry'], false | undefined>;

const RETRY_OPTIONS: OptionNames<Retry> = { initialMs: true, maxMs: true, maxAttempts: true };

/** How long it is until the next attempt: longer each time, until one works. */
export class BackOff {
  /** Attempts since one worked. */
  attempts = 0;

  #initialMs: number;
  readonly #maxMs: number;
  readonly #maxAttempts: number;
  readonly #scheduler: SchedulerLike;

  constructor(retry: FromEventStreamOptions['retry'] = {}, scheduler: SchedulerLike) {
    const options: Retry = retry === false ? { maxAttempts: 1 } : retry;
    requireOptions('fromEventStream: retry', options, RETRY_OPTIONS);
    const { initialMs = 1_000, maxMs = 30_000, maxAttempts } = options;
    this.#initialMs = requireCount('fromEventStream: retry.initialMs', initialMs);
    this.#maxMs = requireCount('fromEventStream: retry.maxMs', maxMs);
    this.#maxAttempts =
      maxAttempts === undefined ? Infinity : requireCount('fromEventStream: retry.maxAttempts', maxAttempts);
    this.#scheduler = scheduler;
  }

  /** What the server wishes, within what the application allows. */
  suggest(milliseconds: number): void {
    this.#initialMs = Math.max(1, milliseconds);
  }

  /** An attempt worked. */
  reset(): void {
    this.attempts = 1;
  }

  /**
   * Milliseconds until the next attempt; `undefined` if there will be no more.
   *
   * @param retryAfter What the server said, as the header has it.
   * @param date When it said that, by its own clock, as the header has it.
   */
  next(retryAfter: string | null, date: string | null = null): number | undefined {
    if (this.attempts >= this.#maxAttempts) {
      return undefined;
    }
    const full = Math.min(this.#maxMs, this.#initialMs * 2 ** Math.min(this.attempts - 1, 31));
    const wait = full * (1 - Math.random() / 2);
    return Math.min(MAX_COUNT, Math.round(Math.max(wait, this.#after(retryAfter, date))));
  }

  /** Seconds, or a date. */
  #after(header: string | null, date: string | null): number {
    if (header === null) {
      return 0;
    }
    if (/^\s*\d+\s*$/.test(header)) {
      return Number(header) * 1_000;
    }
    // The clock of this machine may have been set. From another origin, a page is not told the server's.
    const ms = dateOf(header) - (dateOf(date) || this.#scheduler.now());
    return ms > 0 ? ms : 0;
  }
}

/** `NaN` for what is no date of HTTP: a platform may take other words for one, such as `after 40` for the year 2040. */
function dateOf(header: string | null): number {
  return header !== null && /GMT\s*$/.test(header) ? Date.parse(header) : NaN;
}
