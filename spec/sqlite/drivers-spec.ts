import { describe, expect, it } from '@jest/globals';
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { build } from 'esbuild';
import { codeOf } from '../../lib/sqlite/driver.js';
import { MissingDriverError, sqliteUpstream } from '../../lib/sqlite/index.js';
import { busOn, keptBy, publishAll, shown, tempFile, tempFolder } from './support/files.js';

const run = promisify(execFile);

function hasNodeSqlite(): boolean {
  try {
    createRequire(import.meta.url)('node:sqlite');
    return true;
  } catch {
    return false;
  }
}

describe('drivers', () => {
  it('work on the same files, and node:sqlite says where it is missing', async () => {
    const file = tempFile();
    if (!hasNodeSqlite()) {
      expect(() => sqliteUpstream({ file, driver: 'node:sqlite' })).toThrow(MissingDriverError);
      expect(() => sqliteUpstream({ file, driver: 'node:sqlite' })).toThrow(
        'node:sqlite is missing: it needs Node 22.13 or later; or run: npm install better-sqlite3@12',
      );
      return;
    }
    const drivers = ['node:sqlite', 'better-sqlite3', 'node:sqlite'] as const;
    for (const driver of drivers) {
      const bus = busOn({ file, driver });
      await publishAll(bus, [{ routing: { kind: 'k', connectorId: 'c' }, origin: 'o', event: driver }]);
      expect(() => sqliteUpstream({ file, driver })).toThrow('has a writer already');
      bus.close();
    }
    expect((await keptBy(busOn(file))).map(shown)).toEqual(drivers.map((driver, index) => `${index + 1}:${driver}`));
  });

  it('are looked for when the upstream is made: without one, the error says what to install', async () => {
    // Where no package is installed.
    const folder = tempFolder();
    await build({
      entryPoints: [join(import.meta.dirname, '../../lib/sqlite/index.ts')],
      outfile: join(folder, 'sqlite.mjs'),
      bundle: true,
      format: 'esm',
      platform: 'node',
    });
    const program = `import { sqliteUpstream } from './sqlite.mjs';
      try { sqliteUpstream({ file: 'a.db', driver: 'better-sqlite3' }); } catch ({ name, message, cause }) {
        console.log(name + ': ' + message + ' / ' + cause.code);
      }`;
    const { stdout } = await run(process.execPath, ['--input-type=module', '--eval', program], { cwd: folder });
    expect(stdout).toBe(
      'MissingDriverError: better-sqlite3 cannot be loaded; run: npm install better-sqlite3@12 / MODULE_NOT_FOUND\n',
    );
  });

  it('name the results of SQLite in their own ways', () => {
    expect(codeOf({ code: 'SQLITE_CORRUPT_VTAB' })).toBe('CORRUPT');
    expect(codeOf({ code: 'SQLITE_FULL' })).toBe('FULL');
    expect(codeOf({ code: 'ERR_SQLITE_ERROR', errcode: 13 })).toBe('FULL');
    expect(codeOf({ code: 'ERR_SQLITE_ERROR', errcode: 10 | (3 << 8) })).toBe('IOERR');
    expect(codeOf({ code: 'ERR_SQLITE_ERROR', errcode: 1 })).toBe('');
    expect(codeOf(new Error('other'))).toBe('');
    expect(codeOf(undefined)).toBe('');
  });
});
