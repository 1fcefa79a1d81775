// The built library, by its public entry. With a relative path, so that the bus and the RxJS peers share the copy of rxjs in the root.
export * from '../../dist/index.js';
