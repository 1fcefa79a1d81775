/** Whether `value` is a promise, of whatever make. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  const isThere = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isThere && typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/** Tells `fail` what `promise` rejects with. Where nobody takes it, the process ends. */
export function takeRejection(promise: PromiseLike<unknown>, fail: (error: unknown) => void): void {
  Promise.resolve(promise).catch(fail);
}

/**
 * `answer` itself, where it was given at once.
 *
 * @param what The function of the application that gave it, named in the error.
 * @throws TypeError for a promise, whatever that comes to.
 */
export function answerOf<T>(what: string, answer: T): T {
  if (isPromise(answer)) {
    takeRejection(answer, () => undefined);
    throw new TypeError(`${what}: expected a synchronous result, got a promise`);
  }
  return answer;
}

/** Calls `act`, if there is one, for what it does. What it throws, or what a promise that it returns rejects with, is told to `fail`. */
export function contain<A extends readonly unknown[]>(
  act: ((...args: A) => unknown) | undefined,
  fail: (error: unknown) => void,
  ...args: A
): void {
  try {
    const result = act?.(...args);
    if (isPromise(result)) {
      takeRejection(result, fail);
    }
  } catch (error) {
    fail(error);
  }
}
