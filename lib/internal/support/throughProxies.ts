/** What an object is called in itself: a function that returns it. */
export const SELF = Symbol('self');

/** An object that was given to {@link keepSelf}. */
export interface Kept<T> {
  readonly [SELF]: () => T;
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** How a class goes {@link throughProxies}. */
interface Options<T> {
  /** Whether something is an instance, and no Proxy: then it is not asked for itself, which takes longer. */
  readonly isOwn?: (target: object) => boolean;
  /** Methods that ask for it themselves, since this takes least. */
  readonly except?: readonly (keyof T)[];
}

/**
 * Lets `target` be found behind a Proxy of it. To be called by the constructor of a class that goes {@link throughProxies}.
 *
 * @param self Returns `target`.
 */
export function keepSelf<T extends object>(target: T, self: () => T): void {
  (target as { [SELF]?: () => T })[SELF] = self;
}

/** The function that {@link keepSelf} was given for `target`, or for what `target` is a Proxy of. */
export function selfOf<T extends object>(target: T): () => T {
  return (target as T & { [SELF]: () => T })[SELF];
}

/**
 * Makes methods and getters of `type` work on a Proxy of an instance, as Vue puts one around each object that it is given. A Proxy has no private
 * fields; but such Proxies leave functions as they are, so the instance can be asked for itself.
 */
export function throughProxies<T extends object>(type: { readonly prototype: T }, options: Options<T> = {}): void {
  const { prototype } = type;
  const { isOwn, except = [] } = options;
  const others: ReadonlySet<PropertyKey> = new Set<PropertyKey>(['constructor', ...except]);
  for (const key of Reflect.ownKeys(prototype).filter((one) => !others.has(one))) {
    const { value, get, ...rest } = Object.getOwnPropertyDescriptor(prototype, key) as TypedPropertyDescriptor<Method>;
    if (get !== undefined) {
      Object.defineProperty(prototype, key, { ...rest, get: onSelf(get as Method, isOwn) });
    } else if (value !== undefined) {
      Object.defineProperty(prototype, key, { ...rest, value: onSelf(value, isOwn) });
    }
  }
}

function onSelf(method: Method, isOwn: Options<object>['isOwn']): Method {
  if (isOwn === undefined) {
    return function (...args) {
      return method.apply(selfOf(this)(), args);
    };
  }
  return function (...args) {
    return method.apply(isOwn(this) ? this : selfOf(this)(), args);
  };
}
