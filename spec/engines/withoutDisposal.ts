// Imported before anything else: makes an engine that has no `Symbol.dispose` and no `Symbol.asyncDispose` of one that has, where neither
// can be deleted.
const known = Symbol;
const { dispose: _dispose, asyncDispose: _asyncDispose, ...others } = Object.getOwnPropertyDescriptors(known);

globalThis.Symbol = Object.defineProperties(function symbol(description?: string) {
  return known(description);
}, others) as SymbolConstructor;
