/** A promise, and the function that settles it: with an error, or without. */
export function outcome(): { readonly promise: Promise<void>; readonly finish: (error?: Error) => void } {
  let finish: (error?: Error) => void = () => undefined;
  const promise = new Promise<void>((resolve, reject) => {
    finish = (error) => {
      if (error === undefined) {
        resolve();
      } else {
        reject(error);
      }
    };
  });
  // It may fail before somebody waits for it.
  promise.catch(() => undefined);
  return { promise, finish };
}
