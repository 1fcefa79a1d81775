/** The key under which an object keeps a function that returns it. */
export const SELF = Symbol('self');

/** An object that was given to {@link keepSelf}. */
export interface Kept<T> {
  readonly [SELF]: () => T;
}

type Method = (this: object, ...args: unknown[]) => unknown;

/** Options of {@link throughProxies}. */
interface Options<T> {
  /** Whether an object is an instance itself and not a Proxy. Then the slower lookup of the instance is skipped. */
  readonly isOwn?: (target: object) => boolean;
  /** Methods that look up the instance themselves, since that is fastest. */
  readonly except?: readonly (keyof T)[];
}

/**
 * Makes `target` findable behind a Proxy of it. Call this in the constructor of a class that uses {@link throughProxies}.
 *
 * @param self Returns `target`.
 */
export function keepSelf<T extends object>(target: T, self: () => T): void {
  (target as { [SELF]?: () => T })[SELF] = self;
}

/** The function that {@link keepSelf} got for `target`, or for the object behind `target` if it is a Proxy. */
export function selfOf<T extends object>(target: T): () => T {
  return (target as T & { [SELF]: () => T })[SELF];
}

/** The same object for `target` and for each Proxy of it; `undefined` if it is none that {@link keepSelf} got. */
export function behind(target: unknown): object | undefined {
  const { [SELF]: self } = (target ?? {}) as Partial<Kept<object>>;
  return self?.();
}

/**
 * Makes methods and getters of `type` work on a Proxy of an instance, such as Vue puts around each object that it gets. A Proxy has no
 * private fields. But such Proxies return functions unchanged, so a function on the instance can return the instance itself.
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
