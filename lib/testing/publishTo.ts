import type { Observer } from 'rxjs';
import type { BusEvent, SharingBus } from '../index.js';

/**
 * Publishes what comes from an observable on `bus`, and closes it with the source: `busEvents('-a-b|').subscribe(publishTo(bus))`.
 *
 * **Errors** A bus does not fail. An error of the source is left to RxJS, which throws it where nobody catches it; in
 * `TestScheduler.run`, the test fails.
 *
 * @param bus Where to.
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
