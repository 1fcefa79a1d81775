import { type SchedulerLike, Subscription } from 'rxjs';
import { outOfContext } from './outOfContext.js';

/**
 * Schedules `work` so that its timer keeps nothing of the caller's asynchronous context, and `work` sees nothing of it: it may be about
 * the events of others, too.
 *
 * @param delay In milliseconds.
 * @returns The action of `scheduler` itself, so that it tells when it is closed.
 */
export function scheduleOutOfContext(scheduler: SchedulerLike, work: () => void, delay: number): Subscription {
  let action = Subscription.EMPTY;
  outOfContext(() => {
    action = scheduler.schedule(() => {
      outOfContext(work);
    }, delay);
  });
  return action;
}
