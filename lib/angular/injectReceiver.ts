import { EventFilter } from '../events/EventFilter.js';
import { requireOptions } from '../internal/support/require.js';
import { RECEIVER_OPTIONS, type ReceiverOptions } from '../options.js';
import type { BusReceiver } from '../receiver.js';
import type { SharingBus } from '../SharingBus.js';
import { requireBus } from './busSignals.js';
import type { InjectorOption } from './signals.js';
import { Site } from './Site.js';

/** Options of {@link injectReceiver}. */
export type InjectReceiverOptions<E = unknown> = ReceiverOptions<E> & InjectorOption;

const OPTIONS = { ...RECEIVER_OPTIONS, injector: true };

/**
 * A receiver that is disposed when the injector ends, whether or not anything consumes it.
 *
 * **Details** On the server it is disposed from the start: it has no slot, and `events$` completes at once. So a resource or a
 * `pendingUntilEvent` over it does not hold up rendering. Its timers run outside of Angular's zone.
 *
 * **Errors** Call it in an injection context, or with `injector`; otherwise Angular throws NG0203. The call throws as
 * `bus.subscribeFiltered` does for bad arguments.
 *
 * @param bus The bus.
 * @param filter Which events. Default: every event.
 * @param options Those of `subscribeFiltered`, and `injector`.
 */
export function injectReceiver<E>(
  bus: SharingBus<E>,
  filter: EventFilter<E> = EventFilter.all,
  options: InjectReceiverOptions<E> = {},
): BusReceiver<E> {
  requireOptions('injectReceiver: options', options, OPTIONS);
  requireBus('injectReceiver: bus', bus);
  const { injector, ...receiverOptions } = options;
  const site = new Site(injectReceiver, injector);
  const receiver = site.outside(() => bus.subscribeFiltered(filter, receiverOptions));
  const dispose = (): void => {
    receiver.dispose();
  };
  if (site.isLive) {
    site.hold(() => dispose);
  } else {
    dispose();
  }
  return receiver;
}
