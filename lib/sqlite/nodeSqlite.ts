import type { Database, OpenDatabase } from './database.js';

type Constructor = new (file: string, options: { readOnly: boolean }) => Database;

/** The driver of `node:sqlite`. */
export function openNodeSqlite(module: unknown): OpenDatabase {
  const { DatabaseSync } = module as { DatabaseSync: Constructor };
  return (file, readOnly) => new DatabaseSync(file, { readOnly });
}
