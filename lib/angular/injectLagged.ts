import type { Signal } from '@angular/core';
import { type OptionNames, requireOptions, requireType } from '../internal/support/require.js';
import type { BusReceiver } from '../receiver.js';
import { Changes } from './Changes.js';
import type { InjectorOption } from './signals.js';
import { Site } from './Site.js';

const OPTIONS: OptionNames<InjectorOption> = { injector: true };

/**
 * A receiver's `lagged` as a signal: the number of events that it has lost so far.
 *
 * **Details** It is there from the start, and keeps its value after the end of the receiver or of the injector. The receiver stays as it is:
 * to end it with the injector, make it with {@link injectReceiver}. On the server nothing is subscribed to.
 *
 * **Errors** Call it in an injection context, or with `injector`; otherwise Angular throws NG0203.
 *
 * @param receiver Any receiver of any bus.
 * @param options See {@link InjectorOption}.
 */
export function injectLagged(
  receiver: Pick<BusReceiver<never>, 'lagged' | 'lagged$'>,
  options: InjectorOption = {},
): Signal<number> {
  requireOptions('injectLagged: options', options, OPTIONS);
  requireType('injectLagged: receiver', 'object', receiver);
  requireType('injectLagged: receiver.lagged$', 'object', receiver.lagged$);
  const site = new Site(injectLagged, options.injector);
  const changes = new Changes();
  let lagged = receiver.lagged;
  const report = (error: unknown): void => {
    site.report(error);
  };
  site.follow(
    receiver,
    () => {
      const subscription = receiver.lagged$.subscribe({
        next: (count) => {
          lagged = count;
          changes.changed();
        },
        error: report,
      });
      return () => {
        subscription.unsubscribe();
      };
    },
    report,
  );
  return changes.signalOf(() => lagged);
}
