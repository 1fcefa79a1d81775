/** A reference that does not keep its target alive. */
export interface Weak<T> {
  deref(): T | undefined;
}

/** Notices when an object is collected. */
export interface Collections<T> {
  register(target: object, held: T, token: object): void;
  unregister(token: object): void;
}

/**
 * A weak reference to `target`. On a platform without `WeakRef`, such as Cloudflare's workers with an older compatibility date, it is a
 * strong one.
 */
export function weakly<T extends object>(target: T): Weak<T> {
  return typeof WeakRef === 'undefined' ? { deref: () => target } : new WeakRef(target);
}

/** Calls `act` with what is held for a target when that is collected. On a platform without `FinalizationRegistry`, it is never called. */
export function onCollected<T>(act: (held: T) => void): Collections<T> {
  return typeof FinalizationRegistry === 'undefined'
    ? { register: () => undefined, unregister: () => undefined }
    : new FinalizationRegistry(act);
}
