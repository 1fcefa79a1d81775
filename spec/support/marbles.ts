import { expect } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { type BusRunHelpers, runMarbles } from '../../lib/testing/index.js';

/** A test in virtual time, compared by jest. */
export function marbles<T>(
  test: (helpers: BusRunHelpers, testScheduler: TestScheduler) => T extends PromiseLike<unknown> ? never : T,
): void {
  const testScheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  // What it returns is passed on, so that a promise is refused.
  runMarbles<T>(testScheduler, (helpers) => test(helpers, testScheduler));
}
