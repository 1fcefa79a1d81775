import type { Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import type { BusEvent } from '../index.js';
import { busEvent } from './busEvent.js';
import { type MarbleValues, marbleValues } from './marbleValues.js';

/** Events at the frames of a diagram, and the log of who subscribed when, for `expectSubscriptions`. */
export type MarbleEvents<E> = Observable<BusEvent<E>> & {
  readonly subscriptions: Parameters<RunHelpers['expectSubscriptions']>[0];
};

/**
 * Makes the events of a marble diagram.
 *
 * **Details** `values` has the event of each letter, or makes it of the letter. Default, also for letters that are not listed:
 * `busEvent(letter)`. `error` is what `#` stands for.
 */
export type MakeMarbleEvents = <E = string>(
  marbles: string,
  values?: MarbleValues<BusEvent<E>>,
  error?: unknown,
) => MarbleEvents<E>;

/** Makes events that come whether or not somebody is subscribed; `cold` makes events that begin at each subscription. */
export interface BusEvents extends MakeMarbleEvents {
  readonly cold: MakeMarbleEvents;
}

/** The helper of this name, by the helpers of RxJS. */
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
