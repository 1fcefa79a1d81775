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
 * Puts a bounded queue between a source and its consumer. When the queue is full, the arriving value is rejected and counted.
 *
 * ```text
 * in:                     --(abcd)---e--|
 * dropNewest capacity 2:  --(ab)-----e--|    c and d are dropped
 * ```
 *
 * **Details** The operator loses values. Queued values stay and are delivered in order, so a consumer gets the start of a burst. The
 * consumer is called on the scheduler, never on the source's stack or in its asynchronous context. One turn delivers the values that waited
 * when it began. Memory is bounded by `capacity`. Completion and errors are delivered after the queued values. Unsubscribing discards
 * the queue.
 *
 * **Errors** Throws `RangeError` at the call if `capacity` is not an integer from 1 to 2^31 - 1, and `TypeError` if another option has the
 * wrong type or is unknown. If `onDrop` throws, or its promise rejects, the stream fails with that error, after the queued values.
 *
 * **Gotchas** A synchronous source of more than `capacity` values always loses some: the consumer has no turn in between.
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
  // A caller in plain JavaScript may omit the options. Then the capacity is missing, as in {}.
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
      let isRequested = false;
      let end: (() => void) | undefined = undefined;
      // Stops a source that emits synchronously, even during the call of `subscribe`.
      const stop$ = new Subject<void>();
      // The consumer may have unsubscribed before this call.
      if (subscriber.closed) {
        return;
      }

      const deliver = (): void => {
        // Values that arrive during the turn wait for the next one.
        for (let count = queue.size; count > 0 && queue.size > 0; count -= 1) {
          attempt(() => {
            subscriber.next(queue.shift());
          });
        }
        isRequested = queue.size > 0;
        if (!isRequested && end !== undefined) {
          attempt(end);
        }
      };
      const turn = new Action(scheduler, () => {
        isRequested = false;
        runIn(zone, deliver, report);
        // Also by what the zone calls when it is left.
        return isRequested;
      });
      const requestTurn = (): void => {
        isRequested = true;
        turn.ensure();
      };
      const endBy = (ending: () => void): void => {
        if (end === undefined) {
          end = ending;
          requestTurn();
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
        isRequested = false;
        turn.cancel();
        stop$.next();
      });
      source.pipe(takeUntil(stop$)).subscribe({
        next: (value) => {
          if (end !== undefined) {
            return;
          }
          if (queue.offer(value)) {
            requestTurn();
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

/** Calls a method of the subscriber. A subscriber that is not one of RxJS may throw. */
function attempt(act: () => void): void {
  try {
    act();
  } catch (error) {
    report(error);
  }
}
