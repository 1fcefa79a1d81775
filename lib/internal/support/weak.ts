/** A reference that does not keep its target alive. */
export interface Weak<T> {
  deref(): T | undefined;
}

/**
 * A weak reference to `target`. On a platform without `WeakRef`, such as Cloudflare's workers with an older compatibility date, it is a
 * strong one.
 */
export function weakly<T extends object>(target: T): Weak<T> {
  return typeof WeakRef === 'undefined' ? { deref: () => target } : new WeakRef(target);
}
