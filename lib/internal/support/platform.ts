import { fakeAsyncTimers } from './zone.js';

/**
 * What a platform may have of the functions that this library looks at. Fake timers of a test put others in their place, so they are read
 * anew each time. Not every engine has them.
 */
export const platform: {
  readonly setInterval?: unknown;
  /** It does not follow the date. */
  readonly performance?: { readonly now: () => number } | undefined;
} = globalThis;

/** Identifies the set of timers that is in use. Fake timers of a test replace it, those of a `fakeAsync` test within its zone. */
export function currentTimers(): unknown {
  return fakeAsyncTimers() ?? platform.setInterval;
}
