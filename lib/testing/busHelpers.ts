import { BUS_OPTIONS, type SharingBusOptions } from '../options.js';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import { SharingBus } from '../index.js';
import { requireOptions } from '../internal/support/require.js';
import { withoutUndefined } from '../internal/support/withoutUndefined.js';
import { type BusEvents, busEventsBy } from './busEvents.js';
import { type ExpectDeliveries, expectDeliveriesBy } from './expectDeliveries.js';
import { Expectations } from './Expectations.js';

/**
 * Helpers for a marble test of a pipeline that contains a bus.
 *
 * **Details** Disposing the helpers closes the buses that they made. It throws an error if `toBe` was not called on a result of
 * `expectDeliveries`.
 */
export interface BusHelpers extends Disposable {
  /** Makes a bus that runs in virtual time. */
  readonly testBus: <E = string>(options?: SharingBusOptions<E>) => SharingBus<E>;
  /** Makes an observable of the events in a diagram: `busEvents('-a-b|')` is hot, `busEvents.cold('-a-b|')` is cold. */
  readonly busEvents: BusEvents;
  /** Compares deliveries with a diagram: `expectDeliveries(receiver).toBe('-(a2)-b|')`. */
  readonly expectDeliveries: ExpectDeliveries;
}

/**
 * Makes the helpers for a marble test that {@link runMarbles} does not run. Pass a `TestScheduler` to use them outside of its run mode, or
 * the helpers of `TestScheduler.run` to use them inside.
 *
 * **Details** Outside of the run mode, a bus schedules on the `TestScheduler`. Inside, it schedules on `asapScheduler`, which is virtual
 * there. It loses the same events as in production.
 *
 * **Gotchas** Dispose the helpers after `flush()`: a bus that is closed before the diagrams are played gets none of their events.
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
 * @param by The scheduler of the test, or the helpers that its `run` passes to the test.
 * @returns The helpers. Dispose them at the end of the test.
 */
export function busHelpers(by: TestScheduler | RunHelpers): BusHelpers {
  return helpersAndEnd(by).helpers;
}

/** The helpers and the two parts of their disposal. */
export interface HelpersAndEnd {
  readonly helpers: BusHelpers;
  readonly closeBuses: () => void;
  readonly expectations: Expectations;
}

/** {@link busHelpers} for `runMarbles`, which ends the test itself. */
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
      // Field by field: a spread omits inherited options, and an `undefined` scheduler would replace that of the test.
      const { bindingOf, maxBindings, logger, holdUnbound, history, upstream, scheduler = ofTest } = options;
      const all = { bindingOf, maxBindings, logger, holdUnbound, history, upstream, scheduler };
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
