/** Resolves in a later task, when what was due is done. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/** What `promise` has come to: its value, `{ error }`, or `'pending'`. */
export async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  const pending = Symbol('pending');
  const state = await Promise.race([promise.catch((error: unknown) => ({ error })), settle().then(() => pending)]);
  return state === pending ? 'pending' : state;
}
