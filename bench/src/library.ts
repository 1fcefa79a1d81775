// The library as it is shipped: built, and through its public entry. By a relative path, so that the bus and the RxJS
// peers share the root's one copy of rxjs.
export * from '../../dist/index.js';
