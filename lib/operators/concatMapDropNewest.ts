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
 * `concatMap` with a bounded queue: one inner observable at a time, and the newest value is rejected when too many wait.
 *
 * ```text
 * in:                                       -abcd-------e--|
 * inner:                                     (---x|)
 * concatMapDropNewest capacity 2:           ----x---x---x---x|    d is dropped
 * ```
 *
 * **Details** Lossy. The queue is the only buffer, and memory is bounded by `capacity`; RxJS's own `concatMap` keeps
 * whatever its inner observables are too slow for. Inner observables run in the order of their values, and errors of
 * either end the stream at once. The stream completes when the source has and nothing waits or runs. Unsubscribing
 * forgets what waits.
 *
 * **Errors** `RangeError` at the call where `capacity` is no integer from 1 to 2^31 - 1, `TypeError` for another option
 * of the wrong type, or an unknown one. What `project` or `onDrop` throws, or their promises reject with, ends the stream with it.
 *
 * @example
 * ```ts
 * bus.stream(EventFilter.kind('usage')).pipe(concatMapDropNewest((busEvent) => save(busEvent), { capacity: 16 })).subscribe();
 * ```
 *
 * @param project Makes the inner observable of a value, its index counted from 0 among those that were not rejected.
 * @param options See {@link ConcatMapDropNewestOptions}.
 * @returns An operator with one queue and one count for each subscription.
 */
export function concatMapDropNewest<T, O extends ObservableInput<unknown>>(
  project: (value: T, index: number) => O,
  options: ConcatMapDropNewestOptions<T>,
): OperatorFunction<T, ObservedValueOf<O>> {
  // Plain JavaScript may leave the options out; the capacity is then as missing as in {}.
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
      // Stops a source that emits without a break, also while it is still being subscribed to.
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
        // What project did may have ended the stream.
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
      /** A loop, because an inner observable may be through before it is subscribed to. */
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
