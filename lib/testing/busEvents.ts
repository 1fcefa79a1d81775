import type { Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import type { BusEvent } from '../index.js';
import { busEvent } from './busEvent.js';
import { type MarbleValues, marbleValues } from './marbleValues.js';

/** An observable of events at the frames of a diagram. Its log of subscriptions is for `expectSubscriptions`. */
export type MarbleEvents<E> = Observable<BusEvent<E>> & {
  /** The subscriptions so far, each with its frames. */
  readonly subscriptions: Parameters<RunHelpers['expectSubscriptions']>[0];
};

/**
 * Makes an observable of the events in a marble diagram.
 *
 * **Details** `values` is an object with the event for each letter, or a function that makes the event from the letter. Without `values`,
 * and for letters that are not listed, the event is `busEvent(letter)`. `error` is the error that `#` stands for (default `'error'`).
 */
export type MakeMarbleEvents = <E = string>(
  marbles: string,
  values?: MarbleValues<BusEvent<E>>,
  error?: unknown,
) => MarbleEvents<E>;

/**
 * Makes a hot observable: its events occur whether or not it has a subscriber. `cold` makes an observable that starts at each subscription.
 */
export interface BusEvents extends MakeMarbleEvents {
  /** Makes a cold observable: its diagram starts at each subscription. */
  readonly cold: MakeMarbleEvents;
}

/** Makes the helper `busEvents` from the helpers of RxJS. */
export function busEventsBy({ hot, cold }: Pick<RunHelpers, 'hot' | 'cold'>): BusEvents {
  const madeBy =
    (make: RunHelpers['hot'] | RunHelpers['cold']): MakeMarbleEvents =>
    <E>(marbles: string, values?: MarbleValues<BusEvent<E>>, error?: unknown): MarbleEvents<E> =>
      make(
        marbles,
        marbleValues(
          values,
          (letter) => busEvent(letter) as BusEvent<E>,
          (value) => value,
        ),
        error,
      );
  return Object.assign(madeBy(hot), { cold: madeBy(cold) });
}
