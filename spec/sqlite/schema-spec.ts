import { describe, expect, it } from '@jest/globals';
import Database from 'better-sqlite3';
import { APPLICATION_ID, migrate, STEPS, versionOf } from '../../lib/sqlite/schema.js';
import { busOn, tempFile } from './support/files.js';

// There is one version yet. So the mechanism is tried with steps of its own.
const OLD = ['CREATE TABLE a(b)'];
const NEW = [...OLD, 'ALTER TABLE a ADD COLUMN c DEFAULT 5', 'UPDATE a SET c = c + b'];

describe('the version of a file', () => {
  it('goes forwards step by step, from any earlier version', () => {
    const file = tempFile();
    const database = new Database(file);
    expect(migrate(database, OLD)).toBe(0);
    expect(versionOf(database)).toBe(1);
    database.exec('INSERT INTO a VALUES (1), (2)');
    expect(migrate(database, NEW)).toBe(1);
    expect(versionOf(database)).toBe(3);
    expect(database.prepare('SELECT * FROM a').all()).toEqual([
      { b: 1, c: 6 },
      { b: 2, c: 7 },
    ]);
    expect(migrate(database, NEW)).toBe(3);
    expect(database.prepare('SELECT sum(c) AS sum FROM a').get()).toEqual({ sum: 13 });
    database.close();
  });

  it('stays as it was if a step fails', () => {
    const database = new Database(tempFile());
    migrate(database, OLD);
    database.exec('INSERT INTO a VALUES (1)');
    expect(() => migrate(database, [...NEW, 'UPDATE none SET x = 1'])).toThrow('no such table: none');
    expect(versionOf(database)).toBe(1);
    expect(database.prepare('SELECT * FROM a').all()).toEqual([{ b: 1 }]);
    database.close();
  });

  it('is in the file, with the name of the application', () => {
    const file = tempFile();
    busOn(file).close();
    const database = new Database(file, { readonly: true });
    expect(database.pragma('user_version', { simple: true })).toBe(STEPS.length);
    expect(database.pragma('application_id', { simple: true })).toBe(APPLICATION_ID);
    expect(Buffer.from(APPLICATION_ID.toString(16), 'hex').toString()).toBe('SBus');
    expect(database.pragma('journal_mode', { simple: true })).toBe('wal');
    database.close();
  });
});
