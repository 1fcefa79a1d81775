import type { SchedulerLike } from 'rxjs';
import { SteadyClock } from '../internal/support/SteadyClock.js';
import { MAX_COUNT, type OptionNames, requireCount, requireOptions } from '../internal/support/require.js';
import type { FromEventStreamOptions } from './FromEventStreamOptions.js';

type Retry = Exclude<FromEventStreamOptions['retry'], false | undefined>;

const RETRY_OPTIONS: OptionNames<Retry> = { initialMs: true, maxMs: true, maxAttempts: true, maxRetryAfterMs: true };

/**
 * Computes the wait before the next attempt. It grows with each attempt until one works: it has brought something new, or has stayed open
 * longer than the wait before it.
 */
export class BackOff {
  /** Number of attempts since the last one that worked, that one included. */
  attempts = 0;

  #initialMs: number;
  /** When the connection was opened, if one is open. */
  #openedAt: number | undefined;
  /** The wait before the present attempt. */
  #waitedMs: number | undefined;
  readonly #clock: SteadyClock;
  readonly #maxMs: number;
  readonly #maxRetryAfterMs: number;
  readonly #maxAttempts: number;
  readonly #scheduler: SchedulerLike;

  /** @param caller The name of the public function, for errors. */
  constructor(retry: FromEventStreamOptions['retry'] = {}, scheduler: SchedulerLike, caller = 'fromEventStream') {
    const options: Retry = retry === false ? { maxAttempts: 1 } : retry;
    requireOptions(`${caller}: retry`, options, RETRY_OPTIONS);
    const { initialMs = 1_000, maxMs = 30_000, maxAttempts, maxRetryAfterMs = 3_600_000 } = options;
    this.#initialMs = requireCount(`${caller}: retry.initialMs`, initialMs);
    this.#maxMs = requireCount(`${caller}: retry.maxMs`, maxMs);
    this.#maxRetryAfterMs = requireCount(`${caller}: retry.maxRetryAfterMs`, maxRetryAfterMs);
    this.#maxAttempts =
      maxAttempts === undefined ? Infinity : requireCount(`${caller}: retry.maxAttempts`, maxAttempts);
    this.#scheduler = scheduler;
    this.#clock = new SteadyClock(scheduler);
  }

  /** Sets the first wait, as the server asks in `retry:`. The application's `maxMs` still limits it. */
  suggest(milliseconds: number): void {
    this.#initialMs = Math.max(1, milliseconds);
  }

  /** Call this when the present attempt is answered with a stream. */
  opened(): void {
    this.#openedAt = this.#clock.read();
  }

  /** Call this when the present attempt has brought something new. */
  reset(): void {
    this.attempts = 1;
  }

  /**
   * Returns the milliseconds until the next attempt, or `undefined` if `maxAttempts` is reached. Call it once when an attempt has ended.
   *
   * @param retryAfter The header `Retry-After` of the response.
   * @param date The header `Date` of the response: the time on the server's clock.
   * @param refusedForMs The `retry:` of a response that had nothing else.
   */
  next(retryAfter: string | null, date: string | null = null, refusedForMs = 0): number | undefined {
    const hasStayed = this.#hasStayed();
    if (hasStayed) {
      this.reset();
    }
    if (this.attempts >= this.#maxAttempts) {
      return undefined;
    }
    const chance = Math.random();
    const full = Math.min(this.#maxMs, this.#initialMs * 2 ** Math.min(this.attempts - 1, 31));
    const asked = Math.min(
      this.#maxRetryAfterMs,
      Math.max(hasStayed ? 0 : refusedForMs, this.#after(retryAfter, date)),
    );
    // Clients that were told the same time would all come back at that time.
    const spread = Math.min(asked / 2, this.#maxMs) * chance;
    const wait = Math.max(full * (1 - chance / 2), asked + spread);
    this.#waitedMs = Math.min(MAX_COUNT, Math.round(wait));
    return this.#waitedMs;
  }

  /** Whether the connection has stayed open for longer than the wait before it. Before the first attempt there is none: the first one counts. */
  #hasStayed(): boolean {
    const openedAt = this.#openedAt;
    this.#openedAt = undefined;
    return openedAt !== undefined && this.#clock.read() - openedAt > (this.#waitedMs ?? this.#firstMs);
  }

  get #firstMs(): number {
    return Math.min(this.#maxMs, this.#initialMs);
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
