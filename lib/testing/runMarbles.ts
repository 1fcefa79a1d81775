import { asapScheduler } from 'rxjs';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import { type BusHelpers, helpersAndEnd } from './busHelpers.js';

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
 * **Errors** What `test`, or the comparison of the scheduler, throws. A `TypeError` where `test` returns a promise. An error at the end where
 * `toBe` was not called on what `expectDeliveries`, `expectObservable` or `expectSubscriptions` returned. An error where `asapScheduler`
 * has work from before the test: RxJS has one for all, and cannot make it virtual then.
 *
 * **Gotchas** Promises are not virtual: `recv`, `for await`, `flush` and `connect` settle after the test. Virtual time ends when `test`
 * returns, so an `async` test is refused: what it expects after an `await` would never be compared.
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
 * @param test Called once, at once. It must not return a promise.
 * @returns What `test` returns.
 */
export function runMarbles<T>(
  testScheduler: TestScheduler,
  test: (helpers: BusRunHelpers) => T extends PromiseLike<unknown> ? never : T,
): T {
  return testScheduler.run((ofRxjs) => {
    requireVirtual(ofRxjs);
    const { helpers, closeBuses, expectations } = helpersAndEnd(ofRxjs);
    try {
      const result = test({
        ...ofRxjs,
        ...helpers,
        expectObservable: expectations.watched('expectObservable', ofRxjs.expectObservable),
        expectSubscriptions: expectations.watched('expectSubscriptions', ofRxjs.expectSubscriptions),
      });
      requireNoPromise(result);
      // Before the buses are closed: an end that no diagram has must not be compared. RxJS flushes what closing schedules.
      ofRxjs.flush();
      expectations.requireNone();
      closeBuses();
      return result;
    } catch (error) {
      closeBuses();
      settle(ofRxjs);
      throw error;
    }
  });
}

/** Only what is expected before the first `await` would be compared, and the test would pass with the rest unseen. */
function requireNoPromise(result: unknown): void {
  if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') {
    // Told by the error below; what the promise comes to is nobody's any more.
    Promise.resolve(result).catch(() => undefined);
    throw new TypeError(
      'runMarbles: the test must not return a promise: virtual time ends when the test returns, and what it expects later is not compared',
    );
  }
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
