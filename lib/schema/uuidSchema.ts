import * as z from 'zod/mini';
import { canonicalUuid, type Uuid } from '../events/Uuid.js';
import { glimpse } from './glimpse.js';

/**
 * Schema of a UUID in any spelling that `parseUuid` accepts. The result is canonical.
 *
 * **Gotchas** It accepts more than zod's own `uuid()`: any version and variant, including the nil and the max UUID.
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
