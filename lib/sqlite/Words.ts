import type { Database, Statement } from './database.js';

/** The most texts that are remembered for each direction. Then all are forgotten, so that the memory is bounded. */
const MOST = 50_000;

/** The bytes of a row and of its entry in the index: measured with UUIDs, and rounded up. */
const EACH = 12;
const BY_CHARACTER = 2.5;

/** A native session, as the file has it. */
export interface StoredSession {
  /** The id of the connector's name; 0 for none. */
  readonly connector: number;
  readonly native: string;
}

/**
 * The ids of texts and of sessions in the file. Each text has one id.
 *
 * Texts are stored as JSON writes them, without the quotes. So those that are not valid Unicode stay different.
 */
export class Words {
  private readonly ids = new Map<string, number>();
  private readonly texts = new Map<number, string>();
  /** By the id of the connector, then by the session's own id. */
  private readonly sessionIds = new Map<number, Map<string, number>>();
  private sessionCount = 0;
  private readonly sessions = new Map<number, StoredSession>();
  private readonly findWord: Statement;
  private readonly addWord: Statement;
  private readonly wordText: Statement;
  private readonly findSession: Statement;
  private readonly addSession: Statement;
  private readonly sessionOf: Statement;
  private readonly measure: Statement;
  /** The bytes that {@link bytes} tells; `undefined` if they have to be measured. */
  private size: number | undefined;

  constructor(database: Database) {
    this.findWord = database.prepare('SELECT id FROM word WHERE text = ?');
    this.addWord = database.prepare('INSERT INTO word(text) VALUES (?) RETURNING id');
    this.wordText = database.prepare('SELECT text FROM word WHERE id = ?');
    this.findSession = database.prepare('SELECT id FROM session WHERE connector = ? AND native = ?');
    this.addSession = database.prepare('INSERT INTO session(connector, native) VALUES (?, ?) RETURNING id');
    this.sessionOf = database.prepare('SELECT connector, native FROM session WHERE id = ?');
    this.measure = database.prepare(`SELECT
      (SELECT coalesce(sum(${EACH} + ${BY_CHARACTER} * length(text)), 0) FROM word) +
      (SELECT coalesce(sum(${EACH} + ${BY_CHARACTER} * length(native)), 0) FROM session) AS bytes`);
  }

  /** About how many bytes of the file the texts and sessions take. They are never removed. */
  get bytes(): number {
    return (this.size ??= (this.measure.get() as { bytes: number }).bytes);
  }

  /** The id of a text; `undefined` if the file does not have it. */
  find(text: string): number | undefined {
    return this.ids.get(text) ?? this.learn(text, this.findWord.get(stored(text)));
  }

  /** The id of a text, which is added to the file if need be. */
  idOf(text: string): number {
    return this.find(text) ?? (this.learn(text, this.addWord.get(this.counted(stored(text)))) as number);
  }

  /** The text with this id. */
  textOf(id: number): string {
    const known = this.texts.get(id);
    if (known !== undefined) {
      return known;
    }
    const row = this.wordText.get(id) as { text: string } | undefined;
    if (row === undefined) {
      throw new Error(`the text ${id} is missing`);
    }
    const text = original(row.text);
    bounded(this.texts).set(id, text);
    return text;
  }

  /** The id of a session; `undefined` if the file does not have it. */
  findSessionId(connector: number, native: string): number | undefined {
    return (
      this.sessionIds.get(connector)?.get(native) ??
      this.learnSession(connector, native, this.findSession.get(connector, stored(native)))
    );
  }

  /** The id of a session, which is added to the file if need be. */
  sessionIdOf(connector: number, native: string): number {
    return (
      this.findSessionId(connector, native) ??
      (this.learnSession(connector, native, this.addSession.get(connector, this.counted(stored(native)))) as number)
    );
  }

  /** The session with this id. */
  session(id: number): StoredSession {
    const known = this.sessions.get(id);
    if (known !== undefined) {
      return known;
    }
    const row = this.sessionOf.get(id) as StoredSession | undefined;
    if (row === undefined) {
      throw new Error(`the session ${id} is missing`);
    }
    const session = { connector: row.connector, native: original(row.native) };
    bounded(this.sessions).set(id, session);
    return session;
  }

  /** To be called when a transaction was rolled back: ids that it has added are no more. */
  forget(): void {
    this.size = undefined;
    for (const map of [this.ids, this.texts, this.sessionIds, this.sessions]) {
      map.clear();
    }
  }

  /** Adds a text that is about to be stored to {@link bytes}. */
  private counted(text: string): string {
    if (this.size !== undefined) {
      this.size += EACH + BY_CHARACTER * text.length;
    }
    return text;
  }

  private learn(text: string, row: unknown): number | undefined {
    const id = (row as { id: number } | undefined)?.id;
    if (id !== undefined) {
      bounded(this.ids).set(text, id);
    }
    return id;
  }

  private learnSession(connector: number, native: string, row: unknown): number | undefined {
    const id = (row as { id: number } | undefined)?.id;
    if (id !== undefined) {
      if (this.sessionCount >= MOST) {
        this.sessionIds.clear();
        this.sessionCount = 0;
      }
      this.sessionCount += 1;
      const ids = this.sessionIds.get(connector);
      if (ids === undefined) {
        this.sessionIds.set(connector, new Map([[native, id]]));
      } else {
        ids.set(native, id);
      }
    }
    return id;
  }
}

function stored(text: string): string {
  return JSON.stringify(text).slice(1, -1);
}

function original(text: string): string {
  return JSON.parse(`"${text}"`) as string;
}

function bounded<K, V>(map: Map<K, V>): Map<K, V> {
  if (map.size >= MOST) {
    map.clear();
  }
  return map;
}
