import {
  asapScheduler,
  race,
  type SchedulerAction,
  type SchedulerLike,
  Subject,
  Subscription,
  take,
  timer,
} from 'rxjs';

/**
 * A scheduler whose every action waits until the consumer is no longer busy with what the one before gave it.
 *
 * It makes a consumer slow as a queue knows it: `dropNewest` calls it in turns, and the turn waits, not the process.
 */
export class BusyScheduler implements SchedulerLike {
  readonly #hurried$ = new Subject<void>();
  #freeAt = 0;
  #isHurried = false;

  /** Makes the consumer busy for so many milliseconds more. */
  work(milliseconds: number): void {
    this.#freeAt = Math.max(this.#freeAt, this.now()) + milliseconds;
  }

  /** From now on, nobody is busy. */
  hurry(): void {
    this.#isHurried = true;
    this.#hurried$.next();
  }

  now(): number {
    return performance.now();
  }

  schedule<T>(work: (this: SchedulerAction<T>, state: T) => void, delay: number, state: T): Subscription;
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay: number, state?: T): Subscription;
  schedule<T>(work: (this: SchedulerAction<T>, state?: T) => void, delay = 0, state?: T): Subscription {
    const wait = this.#isHurried ? 0 : Math.max(delay, this.#freeAt - this.now());
    if (wait <= 0) {
      return asapScheduler.schedule(work, 0, state);
    }
    const whole = new Subscription();
    whole.add(
      race(timer(wait), this.#hurried$)
        .pipe(take(1))
        .subscribe(() => {
          whole.add(asapScheduler.schedule(work, 0, state));
        }),
    );
    return whole;
  }
}
