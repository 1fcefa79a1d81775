import { newUuid } from '../events/Uuid.js';
import type { ScrollBinding } from '../events/BusEvent.js';
import { AheadMark } from './AheadMark.js';
import type { Connection } from './Connection.js';
import type { Statement, Value } from './database.js';
import type { Draft } from './drafts.js';
import { FileFailedError } from './errors.js';
import type { Hole } from './Holes.js';
import { isSameRun, machineRun } from './machine.js';
import type { Settings } from './options.js';
import { migrate, pragma, rollBack } from './schema.js';
import { type State, StoredEvents } from './StoredEvents.js';

/** Places that are left out after the machine has died: more than it can have lost, so that no lost place is given to another event. */
const LEAP = 2 ** 32;
/** A transaction deletes at most this many old events, and twice as many as it writes. */
const LEAST_PRUNED = 32;
/** How many rows one statement writes if there are as many: a tenth less than one by one. */
const MANY = 32;
/** The columns of the table `event`. */
const COLUMNS = 10;
/** The most bytes that the write-ahead log keeps when it is not used. */
const MOST_LOG_BYTES = 2 ** 24;

/** Writes a file: gives places to events, and keeps them. */
export class Writer<E> {
  readonly stored: StoredEvents<E>;
  readonly epoch: string;
  /** The last place that was used. */
  last: number;
  /** The last place whose events the retention has removed. */
  pruned: number;
  private events: number;
  private readonly beginning: Statement;
  private readonly commit: Statement;
  private readonly insert: Statement;
  private readonly insertMany: Statement;
  private readonly register: Statement;
  private readonly saveState: Statement;
  private readonly oldest: Statement;
  private readonly deleteUpTo: Statement;
  private readonly ahead: AheadMark | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly settings: Settings<E>,
  ) {
    const { database } = connection;
    connection.guard(() => {
      this.configure();
      migrate(database);
    });
    this.stored = new StoredEvents(connection, settings.parse);
    this.beginning = database.prepare('BEGIN IMMEDIATE');
    this.commit = database.prepare('COMMIT');
    this.insert = database.prepare(insertOf(1));
    this.insertMany = database.prepare(insertOf(MANY));
    this.register = database.prepare('UPDATE session SET scroll = ?, registered = ? WHERE id = ?');
    this.saveState = database.prepare('UPDATE state SET last = ?, pruned = ?, events = ?');
    this.oldest = database.prepare('SELECT seq, at FROM event ORDER BY seq LIMIT ?');
    this.deleteUpTo = database.prepare('DELETE FROM event WHERE seq <= ?');
    const { epoch, last, pruned, events } = this.begun();
    this.epoch = epoch;
    this.last = last;
    this.pruned = pruned;
    this.events = events;
    this.ahead = settings.onError === 'continue' ? this.mark() : undefined;
  }

  /**
   * Keeps events at the places after `last`, all or none.
   *
   * @throws EventFileError
   */
  keep(drafts: readonly Draft<E>[]): void {
    const { pending } = this.stored.holes;
    const count = this.transaction(() => {
      if (pending !== undefined) {
        this.stored.holes.write(pending);
      }
      const state = this.prunedState(drafts.length, 2 * drafts.length + LEAST_PRUNED);
      this.write(drafts);
      this.saveState.run(this.last + drafts.length, state.pruned, state.events + drafts.length);
      return state;
    });
    this.stored.holes.pending = undefined;
    this.last += drafts.length;
    this.pruned = count.pruned;
    this.events = count.events + drafts.length;
  }

  /**
   * Uses up the places of events that could not be kept. The hole is written together with the next events.
   *
   * @throws EventFileError if the places cannot even be marked.
   */
  lose(kinds: readonly string[]): Hole {
    const seq = this.last + kinds.length;
    this.connection.guard(() => this.ahead?.write({ epoch: this.epoch, seq }));
    const hole = this.stored.holes.add(this.last + 1, kinds);
    this.last = seq;
    return hole;
  }

  /** Whether there are events that the retention does not allow. */
  get hasSurplus(): boolean {
    return this.connection.guard(() => this.prunedBound(0, 1) !== undefined);
  }

  /** Removes up to `most` events that the retention does not allow. Returns whether it removed any. */
  prune(most: number): boolean {
    const before = this.pruned;
    if (this.prunedBound(0, most) === undefined) {
      return false;
    }
    const { pruned, events } = this.transaction(() => {
      const state = this.prunedState(0, most);
      this.saveState.run(this.last, state.pruned, state.events);
      return state;
    });
    this.pruned = pruned;
    this.events = events;
    return pruned > before;
  }

  close(): void {
    const { database } = this.connection;
    try {
      if (this.stored.holes.pending !== undefined) {
        this.keep([]);
      }
      database.exec('UPDATE state SET run = NULL');
      database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    } catch {
      // What was acknowledged is in the file or in its log. The next writer goes on from there.
    } finally {
      this.ahead?.close();
      this.connection.close();
    }
  }

  private configure(): void {
    const { connection, settings } = this;
    const { database } = connection;
    const { journal_mode: mode } = database.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string };
    if (mode !== 'wal') {
      throw new FileFailedError(
        connection.file,
        `cannot have a write-ahead log (its journal mode stays ${mode}): use a local disk`,
      );
    }
    database.exec(`PRAGMA synchronous = ${settings.durability === 'event' ? 'FULL' : 'NORMAL'}`);
    database.exec(`PRAGMA journal_size_limit = ${MOST_LOG_BYTES}`);
    if (settings.maxFileBytes !== undefined) {
      const pages = Math.floor(settings.maxFileBytes / pragma(database, 'page_size'));
      database.prepare(`PRAGMA max_page_count = ${pages}`).get();
    }
  }

  /** Marks the file as open, and makes up for what the last writer could not do. */
  private begun(): State {
    const { connection, settings, stored } = this;
    const run = `${settings.durability} ${connection.inode} ${machineRun()}`;
    return this.transaction(() => {
      connection.database.prepare('INSERT OR IGNORE INTO state VALUES (1, ?, 0, 0, 0, NULL)').run(newUuid());
      let state = stored.state;
      const mark = AheadMark.read(this.markPath);
      if (mark?.epoch === state.epoch && mark.seq > state.last) {
        const missed = mark.seq - state.last;
        stored.holes.write({ first: state.last + 1, last: mark.seq, missed, byKind: { '*': missed } });
        state = { ...state, last: mark.seq };
      }
      if (state.run !== null && mayHaveLost(state.run, run)) {
        const last = state.last + LEAP;
        stored.holes.write({ first: state.last + 1, last, missed: null, byKind: {} });
        state = { ...state, last };
      }
      connection.database.prepare('UPDATE state SET last = ?, run = ?').run(state.last, run);
      return state;
    });
  }

  private get markPath(): string {
    return `${this.connection.path}-ahead`;
  }

  private mark(): AheadMark {
    return this.connection.guard(() => new AheadMark(this.markPath));
  }

  private transaction<T>(act: () => T): T {
    const { connection, stored } = this;
    return connection.guard(() => {
      try {
        connection.requireSame();
        this.beginning.run();
        const result = act();
        this.commit.run();
        return result;
      } catch (error) {
        rollBack(connection.database);
        stored.words.forget();
        throw error;
      }
    });
  }

  private write(drafts: readonly Draft<E>[]): void {
    let seq = this.last;
    for (let at = 0; at < drafts.length;) {
      const count = drafts.length - at < MANY ? 1 : MANY;
      const values: Value[] = [];
      for (const end = at + count; at < end; at += 1) {
        seq += 1;
        this.append(values, drafts[at] as Draft<E>, seq);
      }
      (count === 1 ? this.insert : this.insertMany).run(...values);
    }
  }

  /** Appends the values of a row, in the order of the columns. */
  private append(values: Value[], { busEvent, at, payload, more, binding }: Draft<E>, seq: number): void {
    const { words } = this.stored;
    const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = busEvent.routing;
    const connector = connectorId === undefined ? null : words.idOf(connectorId);
    values.push(
      seq,
      at,
      scrollId === undefined ? null : words.idOf(scrollId),
      connectorUid === undefined ? null : words.idOf(connectorUid),
      connector,
      nativeSessionId === undefined ? null : words.sessionIdOf(connector ?? 0, nativeSessionId),
      words.idOf(kind),
      words.idOf(busEvent.origin),
      more,
      payload,
    );
    if (binding !== undefined) {
      this.bind(binding, seq);
    }
  }

  private bind({ connectorId, sessionId, scrollId }: ScrollBinding, seq: number): void {
    const { words } = this.stored;
    this.register.run(words.idOf(scrollId), seq, words.sessionIdOf(words.idOf(connectorId), sessionId));
  }

  /** Removes old events, inside of a transaction. Returns the new state. */
  private prunedState(arriving: number, most: number): Pick<State, 'pruned' | 'events'> {
    const bound = this.prunedBound(arriving, most);
    if (bound === undefined) {
      return { pruned: this.pruned, events: this.events };
    }
    this.deleteUpTo.run(bound.seq);
    this.stored.holes.forget(bound.seq);
    return { pruned: bound.seq, events: this.events - bound.count };
  }

  /** The last of the oldest `most` events that have to go; `undefined` if there is none. */
  private prunedBound(arriving: number, most: number): { seq: number; count: number } | undefined {
    const { maxEvents = Infinity, maxBytes = Infinity, maxAgeMs = Infinity } = this.settings.retention;
    const tooMany = this.events + arriving - maxEvents;
    if (this.events === 0 || (tooMany <= 0 && maxBytes === Infinity && maxAgeMs === Infinity)) {
      return undefined;
    }
    // Texts and sessions stay, so no deletion of events makes room for them.
    const isTooLarge = maxBytes !== Infinity && this.stored.bytes - this.stored.words.bytes > maxBytes;
    if (tooMany <= 0 && !isTooLarge && maxAgeMs === Infinity) {
      return undefined;
    }
    const earliest = Date.now() - maxAgeMs;
    const oldest = this.oldest.all(most) as { seq: number; at: number }[];
    const found = oldest.findIndex(({ at }, index) => index >= tooMany && !isTooLarge && at >= earliest);
    const count = found === -1 ? oldest.length : found;
    return count === 0 ? undefined : { seq: (oldest[count - 1] as { seq: number }).seq, count };
  }
}

/** A failure is followed by a rollback. `OR FAIL` tells SQLite so: otherwise, several rows would cost a journal of their own. */
function insertOf(rows: number): string {
  const row = `(${Array.from({ length: COLUMNS }, () => '?').join(', ')})`;
  return `INSERT OR FAIL INTO event VALUES ${Array.from({ length: rows }, () => row).join(', ')}`;
}

/** Whether events of an earlier run may be lost that receivers have seen: the machine has died, or the file is a copy. */
function mayHaveLost(earlier: string, now: string): boolean {
  const [durability, inode, machine = ''] = earlier.split(' ');
  const [, ownInode, ownMachine = ''] = now.split(' ');
  return inode !== ownInode || (durability === 'turn' && !isSameRun(machine, ownMachine));
}
