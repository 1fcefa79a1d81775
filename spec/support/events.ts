// What users test with; here, under the short names of lists of what arrived.
export { busEvent as event } from '../../lib/testing/busEvent.js';
export { sessionRegistered as registration } from '../../lib/testing/sessionRegistered.js';

/** UUIDs that differ in their last digit. */
export function uuid(digit: number): string {
  return `00000000-0000-4000-8000-00000000000${digit.toString(16)}`;
}
