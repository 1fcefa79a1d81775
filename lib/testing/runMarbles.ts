import { asapScheduler } from 'rxjs';
import type { RunHelpers, TestScheduler } from 'rxjs/testing';
import { type BusHelpers, helpersAndEnd } from './busHelpers.js';

/** The helpers of `TestScheduler.run` together with those for a bus. */
export interface BusRunHelpers extends RunHelpers, BusHelpers {}

/**
 * Runs a marble test: `testScheduler.run`, with helpers for a bus in addition to those of RxJS.
 *
 * ```text
 * busEvents:                      -(abcd)---e-|
 * receiver of capacity 2:         -(ab2)----e-|    two are missing between b and e
 * ```
 *
 * **Details** Scheduled work runs in virtual time: timers and the turns of the bus. A bus loses the same events as in production. When all
 * diagrams have been played and compared, the buses are closed and deliver what they still hold, so that nothing outlives the test.
 *
 * **Errors** Throws what `test` or the comparison of the scheduler throws. Throws `TypeError` if `test` returns a promise. Throws an error
 * at the end if `toBe` was not called on a result of `expectDeliveries`, `expectObservable` or `expectSubscriptions`. Throws an error if
 * `asapScheduler` still has work from before the test: RxJS has only one `asapScheduler` and cannot make it virtual then. A test that has
 * failed may have left such work; `asapScheduler.flush()` runs it.
 *
 * **Gotchas** Promises are not virtual: `recv`, `for await`, `flush` and `connect` settle after the test. An `async` test is refused, since
 * virtual time ends when `test` returns, and expectations after an `await` would never be compared.
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
 * @param testScheduler A `TestScheduler` with the comparison function of your test framework.
 * @param test The test. It is called once, synchronously, and must not return a promise.
 * @returns The result of `test`.
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
      // Before the buses are closed: a completion by closing is in no diagram and must not be compared. RxJS flushes what closing
      // schedules.
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

/** Refuses a promise: only expectations before the first `await` would be compared, and the test could pass without the others. */
function requireNoPromise(result: unknown): void {
  if (typeof (result as Partial<PromiseLike<unknown>> | null | undefined)?.then === 'function') {
    // The error below reports the problem, so a rejection of the promise is ignored.
    Promise.resolve(result).catch(() => undefined);
    throw new TypeError(
      'runMarbles: the test must not return a promise: virtual time ends when the test returns, and later expectations are not compared',
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
    throw new Error(
      'runMarbles: asapScheduler has work from before this test; let it run first, or, if a test has failed and left it, call asapScheduler.flush()',
    );
  }
}

/**
 * Runs the scheduled rest of a test that failed: all tests share `asapScheduler`, and work that is left on it would make the next test
 * fail.
 */
function settle({ flush }: RunHelpers): void {
  try {
    flush();
  } catch {
    // Only the first failure is reported.
  }
}
