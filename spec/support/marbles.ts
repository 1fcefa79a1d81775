import { expect } from '@jest/globals';
import { TestScheduler } from 'rxjs/testing';
import { type BusRunHelpers, runMarbles } from '../../lib/testing/index.js';

/** A test in virtual time, compared by jest. */
export function marbles(test: (helpers: BusRunHelpers, testScheduler: TestScheduler) => void): void {
  const testScheduler = new TestScheduler((actual, expected) => {
    expect(actual).toEqual(expected);
  });
  runMarbles(testScheduler, (helpers) => {
    test(helpers, testScheduler);
  });
}
