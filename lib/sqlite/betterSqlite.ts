import type { Database, OpenDatabase } from './database.js';

type Constructor = new (file: string, options: { readonly: boolean; fileMustExist: boolean }) => Database;

/** The driver of the package `better-sqlite3`. */
export function openBetterSqlite(module: unknown): OpenDatabase {
  const Connection = module as Constructor;
  // The package loads its binary with the first connection. It is opened here, so that a missing binary is a missing driver.
  new Connection(':memory:', { readonly: false, fileMustExist: false }).close();
  return (file, readOnly) => new Connection(file, { readonly: readOnly, fileMustExist: readOnly });
}
