import { onAbort } from './onAbort.js';

/** What `work` comes to; or rejects with the signal's reason, whichever is first. */
export function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const ignore = onAbort(signal, () => {
      // The reason is the caller's own, whatever it is.
      reject(signal?.reason as Error);
    });
    work.then(resolve, reject).finally(ignore);
  });
}
