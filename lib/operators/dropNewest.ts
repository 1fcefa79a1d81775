import { asapScheduler, type MonoTypeOperatorFunction, Observable, type SchedulerLike, Subject, takeUntil } from 'rxjs';
import { Mailbox } from '../internal/receiving/Mailbox.js';
import { contain } from '../internal/support/promises.js';
import { requireCount } from '../internal/support/requireCount.js';
import { requireFunction } from '../internal/support/requireFunction.js';
import { type OptionNames, requireCapacityOptions } from '../internal/support/requireOptions.js';
import { Turns } from '../internal/publishing/Turns.js';

/** Options of {@link dropNewest}. */
export interface DropNewestOptions<T> {
  /** Values that may wait, 1 to 2^31 - 1. The one in the consumer's hands does not count. */
  readonly capacity: number;
  /** Where the consumer is called. Default `asapScheduler`. */
  readonly scheduler?: SchedulerLike | undefined;
  /** Told of each rejected value, on the source's stack, with the count so far: 1 for the first of a subscription. */
  readonly onDrop?: ((value: T, lagged: number) => void) | undefined;
}

const OPTIONS: OptionNames<DropNewestOptions<unknown>> = { capacity: true, scheduler: true, onDrop: true };

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
  requireCapacityOptions('dropNewest: options', given, OPTIONS);
  const { capacity, scheduler = asapScheduler, onDrop } = given;
  const places = requireCount('dropNewest: capacity', capacity);
  requireFunction('dropNewest: scheduler.schedule', (scheduler as Partial<SchedulerLike> | null)?.schedule);
  if (onDrop !== undefined) {
    requireFunction('dropNewest: onDrop', onDrop);
  }

  return (source) =>
    new Observable((subscriber) => {
      const mailbox = new Mailbox<T>(places, new Turns(scheduler));
      // Stops a source that emits without a break, also while it is still being subscribed to.
      const stop$ = new Subject<void>();
      // A consumer may have left before it has begun.
      if (subscriber.closed) {
        return;
      }
      mailbox.attach(subscriber);
      subscriber.add(() => {
        mailbox.detach(subscriber);
        stop$.next();
      });

      const fail = (error: unknown): void => {
        mailbox.end({ error });
        stop$.next();
      };
      const offer = (value: T): void => {
        if (!mailbox.offer(value)) {
          contain(onDrop, fail, value, mailbox.refused);
        }
      };
      source.pipe(takeUntil(stop$)).subscribe({
        next: offer,
        error: (error: unknown) => {
          mailbox.end({ error });
        },
        complete: () => {
          mailbox.end('complete');
        },
      });
    });
}
