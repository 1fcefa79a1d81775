import { setTimeout as delay } from 'node:timers/promises';

const TIMEOUT_MS = 20_000;
const POLL_MS = 50;

/** Calls `look` until `isRight` accepts its result, and returns that. */
export async function eventually<T>(look: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  const end = Date.now() + TIMEOUT_MS;
  for (let value = await look(); ; value = await look()) {
    if (isRight(value)) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${TIMEOUT_MS} ms; the last value was ${JSON.stringify(value)}`);
    }
    await delay(POLL_MS);
  }
}
