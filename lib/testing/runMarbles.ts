import { asapScheduler } from 'rxjs';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import { type BusHelpers, busHelpers } from './busHelpers.js';

/** The helpers of `TestScheduler.run`, and those of a bus. */
export interface BusRunHelpers extends RunHelpers, BusHelpers {}

/**
 * `testScheduler.run`, with the helpers of a bus beside those of RxJS.
 *
 * ```text
 * busEvents:                      -(abcd)---e-|
 * receiver of capacity 2:         -(ab2)----e-|    two are missing between b and e
 * ```
 *
 * **Details** What is scheduled is virtual: timers, and the bus's hops. A bus drops what it drops in production. When all diagrams
 * are played and compared, the buses are closed and what they still hold is delivered, so that nothing outlives the test.
 *
 * **Errors** What `test`, or the comparison of the scheduler, throws. An error where `asapScheduler` has work from before the test: RxJS has
 * one for all, and cannot make it virtual then.
 *
 * **Gotchas** Promises are not virtual: `recv`, `for await`, `flush` and `connect` settle after the test.
 *
 * @example
 * ```ts
 * runMarbles(new TestScheduler(assert.deepEqual), ({ testBus, busEvents, expectDeliveries }) => {
 *   const bus = testBus();
 *   const slow = bus.subscribeFiltered(EventFilter.all, 2);
 *   busEvents('                 -(abcd)---e-|').subscribe(publishTo(bus));
 *   expectDeliveries(slow).toBe('-(ab2)----e-|');
 * });
 * ```
 *
 * @param testScheduler With the comparison of your test framework.
 * @param test Called once, at once.
 * @returns What `test` returns.
 */
export function runMarbles<T>(testScheduler: TestScheduler, test: (helpers: BusRunHelpers) => T): T {
  return testScheduler.run((ofRxjs) => {
    requireVirtual(ofRxjs);
    const ofBus = busHelpers(ofRxjs);
    try {
      const result = test({ ...ofRxjs, ...ofBus });
      // Before the buses are closed: an end that no diagram has must not be compared. RxJS flushes what closing schedules.
      ofRxjs.flush();
      ofBus[Symbol.dispose]();
      return result;
    } catch (error) {
      ofBus[Symbol.dispose]();
      settle(ofRxjs);
      throw error;
    }
  });
}

function requireVirtual({ flush }: RunHelpers): void {
  let isVirtual = false as boolean;
  const probe = asapScheduler.schedule(() => {
    isVirtual = true;
  });
  flush();
  if (!isVirtual) {
    probe.unsubscribe();
    throw new Error('runMarbles: asapScheduler has work from before this test; let it run first');
  }
}

/** Plays what is left of a test that failed: `asapScheduler` is one for all tests, and what waits on it would hold up the next. */
function settle({ flush }: RunHelpers): void {
  try {
    flush();
  } catch {
    // The first failure is the one to tell.
  }
}
