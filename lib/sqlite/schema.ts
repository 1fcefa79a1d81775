import type { Database } from './database.js';

/** `PRAGMA application_id`: the letters "SBus". */
export const APPLICATION_ID = 0x53427573;

/**
 * How a file gets from each version of the schema to the next one. The first step makes the tables of an empty file. A released step is never
 * changed.
 */
export const STEPS: readonly string[] = [
  `
  CREATE TABLE state(
    id INTEGER PRIMARY KEY CHECK (id = 1),
    epoch TEXT NOT NULL,
    -- The last place that was used, by an event or by a hole.
    last INTEGER NOT NULL,
    -- The last place whose events are no longer kept, because of the retention. 0 if all are.
    pruned INTEGER NOT NULL,
    -- The number of events that are kept.
    events INTEGER NOT NULL,
    -- The machine's run and the file, while it is open for writing; else null.
    run TEXT
  ) STRICT;
  -- Each text that many events share, once. An id of it takes a few bytes in a row and in an index.
  CREATE TABLE word(id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE) STRICT;
  -- Native sessions, and the scroll of those that are registered. connector is 0 if an event has a session and no connector.
  CREATE TABLE session(
    id INTEGER PRIMARY KEY,
    connector INTEGER NOT NULL,
    native TEXT NOT NULL,
    scroll INTEGER,
    registered INTEGER,
    UNIQUE (connector, native)
  ) STRICT;
  CREATE TABLE event(
    seq INTEGER PRIMARY KEY,
    at REAL NOT NULL,
    scroll INTEGER,
    connector_uid INTEGER,
    connector INTEGER,
    session INTEGER,
    kind INTEGER NOT NULL,
    origin INTEGER NOT NULL,
    -- Fields of the envelope and of the routing that this library does not know, as JSON.
    more TEXT,
    payload TEXT NOT NULL
  ) STRICT;
  -- Each index holds the place, too: a search for one value reads its events in order, and no others.
  CREATE INDEX event_scroll ON event(scroll) WHERE scroll IS NOT NULL;
  CREATE INDEX event_connector_uid ON event(connector_uid) WHERE connector_uid IS NOT NULL;
  CREATE INDEX event_connector ON event(connector) WHERE connector IS NOT NULL;
  CREATE INDEX event_session ON event(session) WHERE session IS NOT NULL;
  CREATE INDEX event_kind ON event(kind);
  CREATE INDEX event_origin ON event(origin);
  -- Places whose events could not be kept. missed is null if nobody knows how many there were.
  CREATE TABLE hole(first INTEGER PRIMARY KEY, last INTEGER NOT NULL, missed INTEGER, by_kind TEXT NOT NULL) STRICT;
  `,
];

/** The version of the schema in the file. 0 for an empty one. */
export function versionOf(database: Database): number {
  return pragma(database, 'user_version');
}

/** The value of a pragma that is a number. */
export function pragma(database: Database, name: string): number {
  const row = database.prepare(`PRAGMA ${name}`).get() as Record<string, number>;
  return row[name] as number;
}

/** Brings the file to the version of the last step, all steps or none. Returns the version that it had. */
export function migrate(database: Database, steps = STEPS): number {
  database.exec('BEGIN IMMEDIATE');
  try {
    const version = versionOf(database);
    for (const step of steps.slice(version)) {
      database.exec(step);
    }
    if (version < steps.length) {
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${steps.length}`);
    }
    database.exec('COMMIT');
    return version;
  } catch (error) {
    rollBack(database);
    throw error;
  }
}

/** Rolls back the open transaction. SQLite itself may have done so already. */
export function rollBack(database: Database): void {
  try {
    database.exec('ROLLBACK');
  } catch {
    // There is no open transaction.
  }
}
