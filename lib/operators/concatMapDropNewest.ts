import { type ConcatMapDropNewestOptions, CONCAT_MAP_OPTIONS } from '../options.js';
import {
  from,
  Observable,
  type ObservableInput,
  type ObservedValueOf,
  type OperatorFunction,
  Subject,
  takeUntil,
} from 'rxjs';
import { BoundedQueue } from '../internal/support/BoundedQueue.js';
import { contain, isPromise, takeRejection } from '../internal/support/promises.js';
import { requireCapacityOptions, requireCount, requireFunction } from '../internal/support/require.js';

/**
 * `concatMap` with a bounded queue: one inner observable runs at a time. When the queue is full, the arriving value is rejected.
 *
 * ```text
 * in:                                       -abcd-------e--|
 * inner:                                     (---x|)
 * concatMapDropNewest capacity 2:           ----x---x---x---x|    d is dropped
 * ```
 *
 * **Details** The operator loses values. The queue is its only buffer, so memory is bounded by `capacity`; the buffer of RxJS's own
 * `concatMap` grows without limit. Inner observables run in the order of their values. An error of the source or of an inner observable
 * ends the stream at once. The stream completes when the source has completed, no value waits, and no inner observable runs. Unsubscribing
 * discards the queue.
 *
 * **Errors** Throws `RangeError` at the call if `capacity` is not an integer from 1 to 2^31 - 1, and `TypeError` if another option has the
 * wrong type or is unknown. If `project` or `onDrop` throws, or a promise that it returns rejects, the stream fails with that error.
 *
 * @example
 * ```ts
 * bus.stream(EventFilter.kind('usage')).pipe(concatMapDropNewest((busEvent) => save(busEvent), { capacity: 16 })).subscribe();
 * ```
 *
 * @param project Returns the inner observable for a value. `index` counts the values that were not rejected, from 0.
 * @param options See {@link ConcatMapDropNewestOptions}.
 * @returns An operator with one queue and one count for each subscription.
 */
export function concatMapDropNewest<T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O,
  options: ConcatMapDropNewestOptions<T>,
): OperatorFunction<T, ObservedValueOf<O>> {
  // A caller in plain JavaScript may omit the options. Then the capacity is missing, as in {}.
  const given: Partial<ConcatMapDropNewestOptions<T>> =
    (options as ConcatMapDropNewestOptions<T> | undefined) === undefined ? {} : options;
  requireCapacityOptions('concatMapDropNewest: options', given, CONCAT_MAP_OPTIONS);
  const { capacity, onDrop } = given;
  const places = requireCount('concatMapDropNewest: capacity', capacity);
  requireFunction('concatMapDropNewest: project', project);
  if (onDrop !== undefined) {
    requireFunction('concatMapDropNewest: onDrop', onDrop);
  }

  return (source) =>
    new Observable((subscriber) => {
      const queue = new BoundedQueue<T>(places);
      // Stops a source that emits synchronously, even during the call of `subscribe`.
      const stop$ = new Subject<void>();
      let index = 0;
      let lagged = 0;
      let isRunning = false;
      let isStarting = false;
      let isSourceOver = false;

      const fail = (error: unknown): void => {
        subscriber.error(error);
      };
      const run = (value: T): void => {
        isRunning = true;
        const input = project(value, index);
        index += 1;
        // `project` may have ended the stream, for example by unsubscribing.
        if (subscriber.closed) {
          if (isPromise(input)) {
            takeRejection(input, fail);
          }
          return;
        }
        const inner$ = from(input) as Observable<ObservedValueOf<O>>;
        inner$.pipe(takeUntil(stop$)).subscribe({
          next: (result) => {
            subscriber.next(result);
          },
          error: fail,
          complete: () => {
            isRunning = false;
            runNext();
          },
        });
      };
      /** A loop instead of recursion, since an inner observable may complete synchronously in `subscribe`. */
      const runNext = (): void => {
        if (isStarting) {
          return;
        }
        isStarting = true;
        contain(() => {
          while (!isRunning && queue.size > 0 && !subscriber.closed) {
            run(queue.shift());
          }
        }, fail);
        isStarting = false;
        if (isSourceOver && !isRunning && queue.size === 0) {
          subscriber.complete();
        }
      };

      subscriber.add(() => {
        queue.clear();
        stop$.next();
      });
      source.pipe(takeUntil(stop$)).subscribe({
        next: (value) => {
          if (queue.offer(value)) {
            runNext();
          } else {
            lagged += 1;
            contain(onDrop, fail, value, lagged);
          }
        },
        error: fail,
        complete: () => {
          isSourceOver = true;
          runNext();
        },
      });
    });
}
