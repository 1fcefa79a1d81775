/**
 * Takes away the property "undefined" of `target`: an engine that has no `Symbol.dispose` gives that name to what is named by it, and for
 * `Symbol.asyncDispose` the same name once more.
 */
export function withoutUndefined<T extends object>(target: T): T {
  Reflect.deleteProperty(target, 'undefined');
  return target;
}
