import { BUS_OPTIONS, type SharingBusOptions } from '../options.js';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import { SharingBus } from '../index.js';
import { requireOptions } from '../internal/support/require.js';
import { withoutUndefined } from '../internal/support/withoutUndefined.js';
import { type BusEvents, busEventsBy } from './busEvents.js';
import { type ExpectDeliveries, expectDeliveriesBy } from './expectDeliveries.js';
import { Expectations } from './Expectations.js';

/**
 * What a marble test of a pipeline through a bus is written with. Disposing them closes the buses that they made, and throws an error where
 * `toBe` was not called on what `expectDeliveries` returned.
 */
export interface BusHelpers extends Disposable {
  /** Makes a bus in virtual time. */
  readonly testBus: <E = string>(options?: SharingBusOptions<E>) => SharingBus<E>;
  /** Makes the events of a diagram: `busEvents('-a-b|')` hot, `busEvents.cold('-a-b|')` cold. */
  readonly busEvents: BusEvents;
  /** Expects the deliveries of a diagram: `expectDeliveries(receiver).toBe('-(a2)-b|')`. */
  readonly expectDeliveries: ExpectDeliveries;
}

/**
 * The helpers for a marble test that is not run by {@link runMarbles}: with a `TestScheduler`, outside of its run mode; with the helpers of
 * `TestScheduler.run`, inside.
 *
 * **Details** A bus hops in time on the `TestScheduler` itself outside of the run mode, and inside on `asapScheduler`, which is virtual there. It
 * drops the same as in production.
 *
 * **Gotchas** Dispose the helpers after `flush()`: a bus that is closed before the diagrams are played takes nothing of them.
 *
 * @example
 * ```ts
 * const testScheduler = new TestScheduler(assert.deepEqual);
 * using helpers = busHelpers(testScheduler);
 * const bus = helpers.testBus();
 * helpers.expectDeliveries(bus.stream()).toBe('-a-b|');
 * helpers.busEvents('                          -a-b|').subscribe(publishTo(bus));
 * testScheduler.flush();
 * ```
 *
 * @param by The scheduler of the test, or the helpers that its `run` gives.
 */
export function busHelpers(by: TestScheduler | RunHelpers): BusHelpers {
  return helpersAndEnd(by).helpers;
}

/** The helpers, and the two parts of their disposal. */
export interface HelpersAndEnd {
  readonly helpers: BusHelpers;
  readonly closeBuses: () => void;
  readonly expectations: Expectations;
}

/** {@link busHelpers}, for `runMarbles`, which ends the test itself. */
export function helpersAndEnd(by: TestScheduler | RunHelpers): HelpersAndEnd {
  const ofRxjs = 'run' in by ? helpersOf(by) : by;
  const ofTest = 'run' in by ? by : undefined;
  const expectations = new Expectations();
  const buses: { close(): void }[] = [];
  const closeBuses = (): void => {
    for (const bus of buses) {
      bus.close();
    }
  };
  const helpers: BusHelpers = {
    testBus: <E>(options: SharingBusOptions<E> = {}) => {
      requireOptions('testBus: options', options, BUS_OPTIONS);
      // Field by field: a spread leaves out what is inherited, and an undefined scheduler would take the place of the test's.
      const { bindingOf, maxBindings, logger, holdUnbound, history, scheduler = ofTest } = options;
      const all = { bindingOf, maxBindings, logger, holdUnbound, history, scheduler };
      const bus = new SharingBus<E>(all satisfies Record<keyof SharingBusOptions, unknown>);
      buses.push(bus);
      return bus;
    },
    busEvents: busEventsBy(ofRxjs),
    expectDeliveries: expectations.watched('expectDeliveries', expectDeliveriesBy(ofRxjs)),
    [Symbol.dispose]: () => {
      closeBuses();
      expectations.requireNone();
    },
  };
  return { helpers: withoutUndefined(helpers), closeBuses, expectations };
}

function helpersOf(testScheduler: TestScheduler): Pick<RunHelpers, 'hot' | 'cold' | 'expectObservable'> {
  return {
    hot: testScheduler.createHotObservable.bind(testScheduler),
    cold: testScheduler.createColdObservable.bind(testScheduler),
    expectObservable: testScheduler.expectObservable.bind(testScheduler),
  };
}
