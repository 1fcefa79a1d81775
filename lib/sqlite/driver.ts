import { createRequire } from 'node:module';
import type { OpenDatabase } from './database.js';
import { openBetterSqlite } from './betterSqlite.js';
import { MissingDriverError } from './errors.js';
import { openNodeSqlite } from './nodeSqlite.js';

/** The package, or module of the platform, that reads and writes the file. */
export type SqliteDriver = 'better-sqlite3' | 'node:sqlite';

const OPENERS: Readonly<Record<SqliteDriver, (module: unknown) => OpenDatabase>> = {
  'better-sqlite3': openBetterSqlite,
  'node:sqlite': openNodeSqlite,
};

/**
 * Loads a driver. Without a name: `better-sqlite3`, or `node:sqlite` if that is not installed.
 *
 * @throws MissingDriverError
 */
export function loadDriver(name: SqliteDriver | undefined): OpenDatabase {
  if (name !== undefined) {
    return load(name);
  }
  try {
    return load('better-sqlite3');
  } catch (error) {
    try {
      return load('node:sqlite');
    } catch {
      throw error;
    }
  }
}

function load(name: SqliteDriver): OpenDatabase {
  try {
    // Not imported: the peer is optional, and an entry that can be loaded by `require` has no top-level await.
    return OPENERS[name](createRequire(import.meta.url)(name));
  } catch (error) {
    throw new MissingDriverError(name, { cause: error });
  }
}

/** The primary result codes of SQLite that matter here. */
const CODES: Readonly<Record<number, string>> = {
  3: 'PERM',
  5: 'BUSY',
  8: 'READONLY',
  10: 'IOERR',
  11: 'CORRUPT',
  13: 'FULL',
  14: 'CANTOPEN',
  26: 'NOTADB',
};

/** The primary result code of an error of a driver, such as `FULL`; `''` if it is another error. */
export function codeOf(error: unknown): string {
  const { code, errcode } = (error ?? {}) as { code?: unknown; errcode?: unknown };
  if (typeof errcode === 'number') {
    return CODES[errcode & 0xff] ?? '';
  }
  return typeof code === 'string' ? (/^SQLITE_([A-Z]+)/.exec(code)?.[1] ?? '') : '';
}
