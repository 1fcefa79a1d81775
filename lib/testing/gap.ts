import type { Gap } from '../index.js';

/**
 * Makes a gap, as an expected value for a place where events are missing.
 *
 * @example
 * ```ts
 * gap(12); // twelve events of any kind
 * gap({ chat: 2, usage: 1 }); // these three
 * ```
 *
 * @param missed The number of missing events, or the number for each kind.
 */
export function gap(missed: number | Readonly<Record<string, number>>): Gap {
  if (typeof missed === 'number') {
    return { type: 'gap', missed, byKind: {} };
  }
  return { type: 'gap', missed: Object.values(missed).reduce((sum, count) => sum + count, 0), byKind: missed };
}
