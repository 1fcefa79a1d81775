import * as z from 'zod/mini';
import { PROTOTYPE_KEY_REFUSED, PROTOTYPE_KEYS } from './guard.js';

/** The most entries of a list in an event. A longer list gives one issue instead of one for each entry. */
const LONGEST_LIST = 10_000;

/**
 * The schema of an object with the fields of `shape`. Other fields are kept unchanged; prototype keys are refused.
 *
 * The type does not mention the other fields, and neither do the interfaces in Event.ts.
 */
export function fields<S extends z.core.$ZodLooseShape>(shape: S): z.ZodMiniObject<S> {
  return z.looseObject(shape).check(withoutPrototypeKeys);
}

/** The schema of a list of `entry` with a bounded length. */
export function list<T extends z.core.$ZodType>(entry: T): z.ZodMiniPipe<z.ZodMiniArray, z.ZodMiniArray<T>> {
  return z.pipe(z.array(z.unknown()).check(shortEnough), z.array(entry));
}

const shortEnough = z.maxLength(LONGEST_LIST, {
  error: ({ input }) => `may have at most ${LONGEST_LIST} entries, got ${(input as unknown[]).length}`,
});

export const withoutPrototypeKeys = z.superRefine<object>(
  (value, context) => {
    for (const key of PROTOTYPE_KEYS) {
      if (Object.hasOwn(value, key as string)) {
        context.addIssue({ code: 'custom', path: [key as string], message: PROTOTYPE_KEY_REFUSED });
      }
    }
  },
  { when: ({ value }) => typeof value === 'object' && value !== null },
);
