import { reactive, readonly, ref } from '@vue/reactivity';
import { makeAutoObservable, observable } from 'mobx';

/** Puts something between `value` and those who use it. */
export type Wrap = <T extends object>(value: T) => T;

const proxies = new WeakMap<object, object>();

/** A Proxy as Vue makes one: each object that is read from it is wrapped, too; functions, and what no class of an application makes, are not. */
function deep<T extends object>(target: T): T {
  const known = proxies.get(target) as T | undefined;
  if (known !== undefined) {
    return known;
  }
  const proxy = new Proxy(target, {
    get: (from, key, receiver) => {
      const value: unknown = Reflect.get(from, key, receiver);
      return isWrapped(value) ? deep(value) : value;
    },
  });
  proxies.set(target, proxy);
  return proxy;
}

function isWrapped(value: unknown): value is object {
  return (
    typeof value === 'object' &&
    value !== null &&
    Object.isExtensible(value) &&
    ['[object Object]', '[object Array]'].includes(Object.prototype.toString.call(value))
  );
}

class Store<T> {
  constructor(readonly held: T) {
    makeAutoObservable(this);
  }
}

/** What applications put around what they hold, by its name. */
export const WRAPS: readonly (readonly [name: string, wrap: Wrap])[] = [
  ['a plain Proxy', (value) => new Proxy(value, {})],
  ['a Proxy that wraps what is read', deep],
  ["Vue's reactive", (value) => reactive({ held: value }).held as typeof value],
  ["Vue's ref", (value) => ref(value).value as typeof value],
  ["Vue's readonly", (value) => readonly({ held: value }).held as typeof value],
  ["MobX' observable", (value) => observable({ held: value }).held],
  ["MobX' makeAutoObservable", (value) => new Store(value).held],
];
