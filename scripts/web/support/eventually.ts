import { setTimeout as delay } from 'node:timers/promises';

export const TIMEOUT_MS = 30_000;
const SOON_MS = 2_000;
const POLL_MS = 20;

/** Calls `look` until `isRight` accepts its result. */
export async function eventually<T>(look: () => T | Promise<T>, isRight: (value: T) => boolean): Promise<T> {
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

/** Whether `look` is true at some time within two seconds. */
export async function isSoon(look: () => Promise<boolean>): Promise<boolean> {
  const end = Date.now() + SOON_MS;
  while (Date.now() < end) {
    if (await look()) {
      return true;
    }
    await delay(POLL_MS);
  }
  return false;
}
