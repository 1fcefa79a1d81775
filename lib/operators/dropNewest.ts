import { type DropNewestOptions, DROP_NEWEST_OPTIONS } from '../options.js';
import {
  asapScheduler,
  type MonoTypeOperatorFunction,
  noop,
  Observable,
  type SchedulerLike,
  Subject,
  takeUntil,
} from 'rxjs';
import { Action } from '../internal/dispatch/order.js';
import { BoundedQueue } from '../internal/support/BoundedQueue.js';
import { contain } from '../internal/support/promises.js';
import { report } from '../internal/support/report.js';
import { requireCapacityOptions, requireCount, requireFunction } from '../internal/support/require.js';
import { currentZone, runIn } from '../internal/support/zone.js';

/**
 * Puts a bounded queue between a source and its consumer; full, it rejects the newest value and counts it.
 *
 * ```text
 * in:                     --(abcd)---e--|
 * dropNewest capacity 2:  --(ab)-----e--|    c and d are dropped
 * ```
 *
 * **Details** Lossy. What is queued stays and is delivered in order, so a consumer sees the start of a burst. The
 * consumer is called on the scheduler, never on the source's stack nor in its asynchronous context: one turn delivers what
 * waited when it began. Memory is bounded by `capacity`. Completion and errors are delivered after what is queued.
 * Unsubscribing forgets what is queued.
 *
 * **Errors** `RangeError` at the call where `capacity` is no integer from 1 to 2^31 - 1, `TypeError` for another option
 * of the wrong type, or an unknown one. What `onDrop` throws, or its promise rejects with, ends the stream with it, after what is queued.
 *
 * **Gotchas** A synchronous source of more than `capacity` values always drops: the consumer has no turn in between.
 *
 * @example
 * ```ts
 * of(1, 2, 3).pipe(dropNewest({ capacity: 2, onDrop: (value, lagged) => console.log(`${value} dropped, ${lagged} in all`) }))
 *   .subscribe((value) => console.log(value)); // 3 dropped, 1 in all; then 1; then 2
 * ```
 *
 * @param options See {@link DropNewestOptions}.
 * @returns An operator with one queue and one count for each subscription.
 * @see Other names for the policy: Kotlin `DROP_LATEST`, .NET `DropWrite`, Effect `dropping`.
 */
export function dropNewest<T>(options: DropNewestOptions<T>): MonoTypeOperatorFunction<T> {
  // Plain JavaScript may leave the options out; the capacity is then as missing as in {}.
  const given: Partial<DropNewestOptions<T>> =
    (options as DropNewestOptions<T> | undefined) === undefined ? {} : options;
  requireCapacityOptions('dropNewest: options', given, DROP_NEWEST_OPTIONS);
  const { capacity, scheduler = asapScheduler, onDrop } = given;
  const places = requireCount('dropNewest: capacity', capacity);
  requireFunction('dropNewest: scheduler.schedule', (scheduler as Partial<SchedulerLike> | null)?.schedule);
  if (onDrop !== undefined) {
    requireFunction('dropNewest: onDrop', onDrop);
  }

  return (source) =>
    new Observable((subscriber) => {
      const queue = new BoundedQueue<T>(places);
      const zone = currentZone();
      let lagged = 0;
      let isMore = false;
      let end: (() => void) | undefined = undefined;
      // Stops a source that emits without a break, also while it is still being subscribed to.
      const stop$ = new Subject<void>();
      // A consumer may have left before it has begun.
      if (subscriber.closed) {
        return;
      }

      const deliver = (): void => {
        // What arrives meanwhile waits for the next turn.
        for (let count = queue.size; count > 0 && queue.size > 0; count -= 1) {
          attempt(() => {
            subscriber.next(queue.shift());
          });
        }
        if (queue.size === 0 && end !== undefined) {
          attempt(end);
        }
        isMore = queue.size > 0;
      };
      const turn = new Action(scheduler, () => {
        isMore = false;
        runIn(zone, deliver, report);
        return isMore;
      });
      const endBy = (ending: () => void): void => {
        if (end === undefined) {
          end = ending;
          turn.ensure();
        }
      };
      const fail = (error: unknown): void => {
        endBy(() => {
          subscriber.error(error);
        });
      };
      subscriber.add(() => {
        end ??= noop;
        queue.clear();
        turn.cancel();
        stop$.next();
      });
      source.pipe(takeUntil(stop$)).subscribe({
        next: (value) => {
          if (end !== undefined) {
            return;
          }
          if (queue.offer(value)) {
            turn.ensure();
            return;
          }
          lagged += 1;
          const failWith = (error: unknown): void => {
            fail(error);
            stop$.next();
          };
          contain(onDrop, failWith, value, lagged);
        },
        error: fail,
        complete: () => {
          endBy(() => {
            subscriber.complete();
          });
        },
      });
    });
}

/** Calls what a subscriber that is not one of RxJS may throw from. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    report(error);
  }
}
