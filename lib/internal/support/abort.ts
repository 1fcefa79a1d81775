/**
 * Calls `act` when `signal` is aborted, or at once if it is aborted already.
 *
 * @returns A function that removes the listener, since a signal may live longer than what it ends.
 */
export function onAbort(signal: AbortSignal | undefined, act: () => void): () => void {
  if (signal === undefined) {
    return () => undefined;
  }
  if (signal.aborted) {
    act();
    return () => undefined;
  }
  signal.addEventListener('abort', act, { once: true });
  return () => {
    signal.removeEventListener('abort', act);
  };
}

/** Settles as `work` does, or rejects with the signal's reason if the signal is aborted first. */
export function unlessAborted<T>(signal: AbortSignal | undefined, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const ignore = onAbort(signal, () => {
      // The reason is the caller's own, whatever it is.
      reject(signal?.reason as Error);
    });
    work.then(resolve, reject).finally(ignore);
  });
}
