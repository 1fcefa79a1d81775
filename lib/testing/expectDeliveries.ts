import { map, type Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import type { BusEvent, BusReceiver, Delivery } from '../index.js';
import { busEvent } from './busEvent.js';
import { compact } from './compact.js';
import { gap } from './gap.js';
import { type MarbleValues, marbleValues } from './marbleValues.js';

/** What `expectDeliveries` can observe: a receiver, its `deliveries$`, or any observable of events. */
export type DeliverySource<E> = BusReceiver<E> | Observable<BusEvent<E> | Delivery<E>>;

/**
 * Compares deliveries with the frames of a diagram. It consumes a receiver by its `deliveries$`, so that losses appear as gaps.
 *
 * **Details** Deliveries are compared in a short form, which the message of a failure shows: the word for an event that `busEvent(word)`
 * makes, `gap(3: chat 2, usage 1)` for a gap, and for any other event its payload with the fields in which its envelope differs from that
 * of `busEvent(payload)`.
 *
 * **Errors** Without a call of `toBe`, nothing is compared. Then `runMarbles` throws at its end, and `busHelpers` when they are disposed.
 *
 * **Gotchas** If any expected gap names kinds, all gaps are compared with their kinds. Otherwise only their counts are compared.
 */
export type ExpectDeliveries = <E>(source: DeliverySource<E>, subscriptionMarbles?: string) => DeliveryExpectation<E>;

/** The result of `expectDeliveries`. Call `toBe` to say what is expected. */
export interface DeliveryExpectation<E> {
  /**
   * Says which deliveries are expected.
   *
   * @param marbles A diagram of RxJS. A digit stands for a gap of that many events: in `-(ab2)---c|`, two events are lost between `b` and
   * `c`. A gap is delivered as soon as no event waits, so it may stand before the frame of the next event.
   * @param values An object with the event or the {@link gap} for each letter or digit, or a function that makes it from a letter. Without
   * it, and for letters that are not listed: `busEvent(letter)`.
   * @param error The error that `#` stands for. Default `'error'`.
   */
  readonly toBe: (marbles: string, values?: MarbleValues<BusEvent<E> | Delivery<E>>, error?: unknown) => void;
}

/** Makes the helper `expectDeliveries` from the helpers of RxJS. */
export function expectDeliveriesBy({ expectObservable }: Pick<RunHelpers, 'expectObservable'>): ExpectDeliveries {
  return <E>(source: DeliverySource<E>, subscriptionMarbles?: string): DeliveryExpectation<E> => {
    // Set by `toBe`, and read at the deliveries, which come later.
    let byKind = false;
    const deliveries$ = 'deliveries$' in source ? source.deliveries$ : source;
    const expectation = expectObservable(
      deliveries$.pipe(map((delivery: BusEvent<E> | Delivery<E>) => compact(delivery, byKind))),
      subscriptionMarbles,
    );
    return {
      toBe: (marbles, values, error) => {
        const made = typeof values === 'function' ? values : (letter: string) => busEvent(letter) as BusEvent<E>;
        const listed = typeof values === 'function' ? {} : values;
        const otherwise = (letter: string) => (/^[1-9]$/.test(letter) ? gap(Number(letter)) : made(letter));
        const expected = marbleValues(listed, otherwise, (value) => {
          byKind ||= 'byKind' in value && Object.keys(value.byKind).length > 0;
          return compact(value, true);
        });
        expectation.toBe(marbles, expected, error);
      },
    };
  };
}
