/** The longest delay of a timer in Node. */
const LONGEST = 2 ** 31 - 1;

/** Resolves after `milliseconds`, or when `signal` aborts; at once if `milliseconds` is not positive. Never rejects. */
export async function delay(milliseconds: number, signal: AbortSignal): Promise<void> {
  for (let left = milliseconds; left > 0 && !signal.aborted; left -= LONGEST) {
    await new Promise<void>((resolve) => {
      const done = (): void => {
        clearTimeout(timer);
        signal.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, Math.min(left, LONGEST));
      signal.addEventListener('abort', done);
    });
  }
}
