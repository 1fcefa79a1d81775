import type { Gap } from '../index.js';

/**
 * The gap that is expected where events are missing.
 *
 * @example
 * ```ts
 * gap(12); // twelve events, of whatever kinds
 * gap({ chat: 2, usage: 1 }); // these three
 * ```
 *
 * @param missed How many events are missing, or how many of each kind.
 */
export function gap(missed: number | Readonly<Record<string, number>>): Gap {
  if (typeof missed === 'number') {
    return { type: 'gap', missed, byKind: {} };
  }
  return { type: 'gap', missed: Object.values(missed).reduce((sum, count) => sum + count, 0), byKind: missed };
}
