import { createRequire } from 'node:module';

export interface RawStatement {
  run(...values: unknown[]): unknown;
  all(...values: unknown[]): unknown[];
}

export interface RawDatabase {
  prepare(sql: string): RawStatement;
  exec(sql: string): unknown;
  close(): void;
}

type Constructor = new (file: string) => RawDatabase;

/** better-sqlite3 itself. It is installed in the root. */
export const Raw = createRequire(new URL('../../../package.json', import.meta.url))('better-sqlite3') as Constructor;
