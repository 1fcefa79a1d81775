import type { SchedulerLike } from 'rxjs';
import { MAX_COUNT, type OptionNames, requireCount, requireOptions } from '../internal/support/require.js';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';

type Retry = Exclude<FromEventStreamOptions['retry'], false | undefined>;

const RETRY_OPTIONS: OptionNames<Retry> = { initialMs: true, maxMs: true, maxAttempts: true };

/** Computes the wait before the next attempt: it grows with each attempt, until one works. */
export class BackOff {
  /** Number of attempts since the last one that worked, that one included. */
  attempts = 0;

  #initialMs: number;
  readonly #maxMs: number;
  readonly #maxAttempts: number;
  readonly #scheduler: SchedulerLike;

  /** @param caller The name of the public function, for errors. */
  constructor(retry: FromEventStreamOptions['retry'] = {}, scheduler: SchedulerLike, caller = 'fromEventStream') {
    const options: Retry = retry === false ? { maxAttempts: 1 } : retry;
    requireOptions(`${caller}: retry`, options, RETRY_OPTIONS);
    const { initialMs = 1_000, maxMs = 30_000, maxAttempts } = options;
    this.#initialMs = requireCount(`${caller}: retry.initialMs`, initialMs);
    this.#maxMs = requireCount(`${caller}: retry.maxMs`, maxMs);
    this.#maxAttempts =
      maxAttempts === undefined ? Infinity : requireCount(`${caller}: retry.maxAttempts`, maxAttempts);
    this.#scheduler = scheduler;
  }

  /** Sets the first wait, as the server asks in `retry:`. The application's `maxMs` still limits it. */
  suggest(milliseconds: number): void {
    this.#initialMs = Math.max(1, milliseconds);
  }

  /** Call this when an attempt has worked. */
  reset(): void {
    this.attempts = 1;
  }

  /**
   * Returns the milliseconds until the next attempt, or `undefined` if `maxAttempts` is reached.
   *
   * @param retryAfter The header `Retry-After` of the response.
   * @param date The header `Date` of the response: the time on the server's clock.
   */
  next(retryAfter: string | null, date: string | null = null): number | undefined {
    if (this.attempts >= this.#maxAttempts) {
      return undefined;
    }
    const full = Math.min(this.#maxMs, this.#initialMs * 2 ** Math.min(this.attempts - 1, 31));
    const wait = full * (1 - Math.random() / 2);
    return Math.min(MAX_COUNT, Math.round(Math.max(wait, this.#after(retryAfter, date))));
  }

  /** Milliseconds until the time in `header`, which is a number of seconds or a date. 0 if it is neither. */
  #after(header: string | null, date: string | null): number {
    if (header === null) {
      return 0;
    }
    if (/^\s*\d+\s*$/.test(header)) {
      return Number(header) * 1_000;
    }
    // Prefer the server's clock, since the local one may be wrong. A page cannot see the server's `Date` across origins.
    const ms = dateOf(header) - (dateOf(date) || this.#scheduler.now());
    return ms > 0 ? ms : 0;
  }
}

/** Parses an HTTP date; `NaN` for anything else. `Date.parse` alone may accept other text, such as `after 40` for the year 2040. */
function dateOf(header: string | null): number {
  return header !== null && /GMT\s*$/.test(header) ? Date.parse(header) : NaN;
}
