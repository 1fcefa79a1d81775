import { map, type Observable } from 'rxjs';
import type { RunHelpers } from 'rxjs/testing';
import type { BusEvent, BusReceiver, Delivery } from '../index.js';
import { busEvent } from './busEvent.js';
import { compact } from './compact.js';
import { gap } from './gap.js';
import { type MarbleValues, marbleValues } from './marbleValues.js';

/** What can be expected to deliver: a receiver, its `deliveries$`, or any stream of events. */
export type DeliverySource<E> = BusReceiver<E> | Observable<BusEvent<E> | Delivery<E>>;

/**
 * Expects deliveries at the frames of a diagram. A receiver is consumed by its `deliveries$`, so that its losses are seen.
 *
 * **Details** What is compared is a word for each event that is nothing but a word, `gap(3: chat 2, usage 1)` for a gap, and for other events
 * the payload, with what of the envelope differs from that of `busEvent(payload)`.
 *
 * **Errors** Without `toBe`, nothing is compared: `runMarbles` throws for it at its end, and `busHelpers` when they are disposed.
 *
 * **Gotchas** Gaps are compared with their kinds where one of the expected gaps names kinds, and by their counts where none does.
 */
export type ExpectDeliveries = <E>(source: DeliverySource<E>, subscriptionMarbles?: string) => DeliveryExpectation<E>;

/** What is expected of a {@link DeliverySource}. */
export interface DeliveryExpectation<E> {
  /**
   * @param marbles A diagram of RxJS. A digit stands for a gap of so many events: `-(ab2)---c|` lost two between `b` and `c`. A
   * consumer is told of them as soon as nothing waits any more.
   * @param values The event, or the {@link gap}, of each letter or digit, or what makes it of a letter. Default, also for letters that
   * are not listed: `busEvent(letter)`.
   * @param error What `#` stands for. Default `'error'`.
   */
  readonly toBe: (marbles: string, values?: MarbleValues<BusEvent<E> | Delivery<E>>, error?: unknown) => void;
}

/** The helper of this name, by the helpers of RxJS. */
export function expectDeliveriesBy({ expectObservable }: Pick<RunHelpers, 'expectObservable'>): ExpectDeliveries {
  return <E>(source: DeliverySource<E>, subscriptionMarbles?: string): DeliveryExpectation<E> => {
    // Set by the diagram, and read at the deliveries, which come later.
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
