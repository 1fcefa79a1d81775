import { setTimeout as delay } from 'node:timers/promises';

const WITHIN = 20_000;
const AGAIN = 50;

/** What `look` returns as soon as `isRight` says so. */
export async function eventually<T>(look: () => Promise<T>, isRight: (value: T) => boolean): Promise<T> {
  const end = Date.now() + WITHIN;
  for (let value = await look(); ; value = await look()) {
    if (isRight(value)) {
      return value;
    }
    if (Date.now() > end) {
      throw new Error(`not within ${WITHIN} ms; at last it was ${JSON.stringify(value)}`);
    }
    await delay(AGAIN);
  }
}
