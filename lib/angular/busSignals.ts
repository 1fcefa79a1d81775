import type { Observable } from 'rxjs';
import type { EventFilter } from '../events/EventFilter.js';
import { requireFunction } from '../internal/support/require.js';
import type { ReceiverOptions } from '../options.js';
import type { BusReceiver } from '../receiver.js';
import type { SharingBus } from '../SharingBus.js';
import { Changes } from './Changes.js';
import type { Kept } from './Kept.js';
import type { Site } from './Site.js';
import type { BusSignals } from './signals.js';

/** Makes the signals of a receiver that is there as long as `site` and `filter` want. */
export function busSignals<E, D, T>(
  site: Site,
  bus: SharingBus<E>,
  filter: EventFilter<E> | (() => EventFilter<E> | undefined),
  options: ReceiverOptions<E>,
  part$: (receiver: BusReceiver<E>) => Observable<D>,
  empty: () => Kept<D, T>,
): BusSignals<T> {
  const changes = new Changes();
  let kept = empty();
  let receiver: BusReceiver<E> | undefined;
  let error: unknown;

  const fail = (thrown: unknown): void => {
    error = thrown;
    changes.changed();
    site.report(thrown);
  };
  const restart = (): void => {
    kept = empty();
    receiver = undefined;
    error = undefined;
    changes.changed();
  };
  site.follow(
    filter,
    (wanted) => {
      restart();
      if (wanted === undefined) {
        return () => undefined;
      }
      const { take } = kept;
      receiver = bus.subscribeFiltered(wanted, options);
      const subscription = part$(receiver).subscribe({
        next: (delivery) => {
          take(delivery);
          changes.changed();
        },
        error: fail,
      });
      return () => {
        subscription.unsubscribe();
      };
    },
    (thrown) => {
      restart();
      fail(thrown);
    },
  );
  return {
    value: changes.signalOf(() => kept.value()),
    lagged: changes.signalOf(() => receiver?.lagged ?? 0),
    error: changes.signalOf(() => error),
  };
}

/** @throws TypeError that names it `what`, if `bus` is not a bus. */
export function requireBus(what: string, bus: unknown): void {
  requireFunction(`${what}.subscribeFiltered`, (bus as Partial<SharingBus> | null | undefined)?.subscribeFiltered);
}
