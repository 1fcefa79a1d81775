/** Whether `value` is a promise: any object or function with a `then` method. */
export function isPromise(value: unknown): value is PromiseLike<unknown> {
  const isThere = (typeof value === 'object' && value !== null) || typeof value === 'function';
  return isThere && typeof (value as Partial<PromiseLike<unknown>>).then === 'function';
}

/** Calls `fail` if `promise` rejects. An unhandled rejection would end the process. */
export function takeRejection(promise: PromiseLike<unknown>, fail: (error: unknown) => void): void {
  Promise.resolve(promise).catch(fail);
}

/**
 * Returns `answer` unless it is a promise.
 *
 * @param what The name of the application's function that returned it, for the error.
 * @throws TypeError if `answer` is a promise. A rejection of the promise is ignored.
 */
export function answerOf<T>(what: string, answer: T): T {
  if (isPromise(answer)) {
    takeRejection(answer, () => undefined);
    throw new TypeError(`${what}: expected a synchronous result, got a promise`);
  }
  return answer;
}

/** Calls `act`, if it is given, for its side effects. Calls `fail` with an error that it throws, or that its promise rejects with. */
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
