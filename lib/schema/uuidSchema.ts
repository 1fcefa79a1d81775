import * as z from 'zod/mini';
import { canonicalUuid, type Uuid } from '../events/Uuid.js';
import { glimpse } from './glimpse.js';

/**
 * A UUID in any spelling that `parseUuid` reads; the result is canonical.
 *
 * **Gotchas** It takes more than zod's own `uuid()`: any version and variant, nil and max among them.
 */
export const uuidSchema: z.ZodMiniType<Uuid, string> = z.pipe(
  z.string(),
  z.transform((text: string, payload: z.core.ParsePayload): Uuid => {
    const uuid = canonicalUuid(text);
    if (uuid === undefined) {
      payload.issues.push({ code: 'custom', message: `must be a UUID, got ${glimpse(text)}`, input: text });
      return z.NEVER;
    }
    return uuid;
  }),
);
