/**
 * Removes the property "undefined" of `target`. In an engine without `Symbol.dispose` or `Symbol.asyncDispose`, methods with these computed
 * names get that name.
 */
export function withoutUndefined<T extends object>(target: T): T {
  Reflect.deleteProperty(target, 'undefined');
  return target;
}
