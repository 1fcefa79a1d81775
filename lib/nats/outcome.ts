import type { SchedulerLike } from 'rxjs';
import { scheduleOutOfContext } from '../internal/support/context.js';

/** A promise, and the function that settles it: with an error, or without. */
export function outcome(): { readonly promise: Promise<void>; readonly finish: (error?: Error) => void } {
  let finish: (error?: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      if (error === undefined) {
        resolve();
      } else {
        reject(error);
      }
    };
  });
  // It may fail before somebody waits for it.
  promise.catch(() => undefined);
  return { promise, finish };
}

/** Resolves after `ms` milliseconds. */
export function pause(scheduler: SchedulerLike, ms: number): Promise<void> {
  return new Promise((resolve) => {
    scheduleOutOfContext(scheduler, resolve, ms);
  });
}

/** Resolves when `work` does, or after `ms` milliseconds. */
export async function atMost(scheduler: SchedulerLike, ms: number, work: Promise<void>): Promise<void> {
  const { promise, finish } = outcome();
  const action = scheduleOutOfContext(scheduler, finish, Math.max(1, ms));
  await Promise.race([work, promise]);
  action.unsubscribe();
}
