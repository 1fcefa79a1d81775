import * as z from 'zod/mini';
import { PROTOTYPE_KEY_REFUSED, PROTOTYPE_KEYS } from './guard.js';

/** The most entries that a list in an event may have: one issue instead of a million. */
const LONGEST_LIST = 10_000;

/**
 * An object with the fields of `shape`; others are kept as they are, but for prototype keys, which are refused.
 *
 * The type tells nothing of the other fields, as the interfaces of the protocol do not either.
 */
export function fields<S extends z.core.$ZodLooseShape>(shape: S): z.ZodMiniObject<S> {
  return z.looseObject(shape).check(withoutPrototypeKeys);
}

/** A list of `entry`, of a bounded length. */
export function list<T extends z.core.$ZodType>(entry: T): z.ZodMiniPipe<z.ZodMiniArray, z.ZodMiniArray<T>> {
  return z.pipe(z.array(z.unknown()).check(shortEnough), z.array(entry));
}

const shortEnough = z.maxLength(LONGEST_LIST, {
  error: ({ input }) => `may have at most ${LONGEST_LIST} entries, got ${(input as unknown[]).length}`,
});

const withoutPrototypeKeys = z.superRefine<object>(
  (value, context) => {
    for (const key of PROTOTYPE_KEYS) {
      if (Object.hasOwn(value, key as string)) {
        context.addIssue({ code: 'custom', path: [key as string], message: PROTOTYPE_KEY_REFUSED });
      }
    }
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);
