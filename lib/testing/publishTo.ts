import type { Observer } from 'rxjs';
import type { BusEvent, SharingBus } from '../index.js';

/**
 * Makes an observer that publishes each value on `bus` and closes the bus when the source completes:
 * `busEvents('-a-b|').subscribe(publishTo(bus))`.
 *
 * **Errors** A bus cannot fail, so the observer does not handle errors of the source. RxJS reports such an error as unhandled; inside
 * `TestScheduler.run`, the test fails.
 *
 * @param bus The bus to publish on.
 * @returns The observer for `subscribe`.
 */
export function publishTo<E>(bus: SharingBus<E>): Pick<Observer<BusEvent<E>>, 'next' | 'complete'> {
  return {
    next: (busEvent) => {
      bus.publish(busEvent);
    },
    complete: () => {
      bus.close();
    },
  };
}
