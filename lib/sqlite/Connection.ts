import { realpathSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { show } from '../internal/support/show.js';
import type { Database, OpenDatabase } from './database.js';
import { codeOf, loadDriver, type SqliteDriver } from './driver.js';
import {
  EventFileError,
  FileAccessError,
  FileClosedError,
  FileDamagedError,
  FileFailedError,
  FileFullError,
  FileInUseError,
  FileReplacedError,
  FileVersionError,
  NotAnEventFileError,
} from './errors.js';
import { APPLICATION_ID, pragma, STEPS, versionOf } from './schema.js';

/** How long a statement waits for a lock that another process holds, in milliseconds. In WAL mode, such locks are short. */
const BUSY_MS = 2_000;

/** An open file of events. Makes errors of its driver into named ones. */
export class Connection {
  readonly database: Database;
  /** The file without symbolic links, so that two names of it are one. */
  readonly path: string;
  /** Identifies the file on its disk. */
  readonly inode: number;
  private readonly device: number;
  isClosed = false;
  private lock: Database | undefined;

  /**
   * @param file The file, as the application has named it.
   * @param readOnly Whether the file must exist, and is not changed.
   * @throws MissingDriverError, and each `EventFileError` that opening may give.
   */
  constructor(
    readonly file: string,
    driver: SqliteDriver | undefined,
    readonly readOnly: boolean,
  ) {
    const open = loadDriver(driver);
    // Absolute, so that SQLite does not take a name for a URI.
    this.database = this.opened(open, resolve(file));
    try {
      this.path = this.guard(() => realpathSync(resolve(file)));
      const found = this.found();
      this.device = found?.dev ?? NaN;
      this.inode = found?.ino ?? NaN;
      this.guard(() => {
        this.database.exec(`PRAGMA busy_timeout = ${BUSY_MS}`);
        this.requireOwn();
      });
      if (!readOnly) {
        this.lock = this.locked(open, `${this.path}-lock`);
      }
    } catch (error) {
      this.database.close();
      throw error;
    }
  }

  /** Calls `act`. What the driver throws becomes a named error. */
  guard<T>(act: () => T): T {
    try {
      return act();
    } catch (error) {
      throw this.named(error);
    }
  }

  /** @throws FileReplacedError if the name of the file is not that of the open one any more. */
  requireSame(): void {
    const found = this.found();
    if (found?.dev !== this.device || found.ino !== this.inode) {
      throw new FileReplacedError(this.file);
    }
  }

  /** Closes the file, and lets others write to it. */
  close(): void {
    this.isClosed = true;
    try {
      this.database.close();
    } finally {
      this.lock?.close();
      this.lock = undefined;
    }
  }

  private found(): { dev: number; ino: number } | undefined {
    return statSync(this.path, { throwIfNoEntry: false });
  }

  private opened(open: OpenDatabase, file: string): Database {
    try {
      return open(file, this.readOnly);
    } catch (error) {
      const wanted = this.readOnly
        ? 'cannot be read: the writer makes it; start that first, and check the path and its permissions'
        : 'cannot be opened: its folder must exist, and it must be a file that this process may write';
      throw new FileAccessError(this.file, wanted, { cause: error });
    }
  }

  /** Holds a lock that ends with this process, whatever ends it. Readers are not concerned. */
  private locked(open: OpenDatabase, file: string): Database {
    let lock: Database | undefined;
    try {
      lock = open(file, false);
      lock.exec('PRAGMA busy_timeout = 0');
      // Nothing is written, so no journal file is needed.
      lock.exec('PRAGMA journal_mode = MEMORY');
      lock.exec('BEGIN EXCLUSIVE');
      return lock;
    } catch (error) {
      lock?.close();
      throw codeOf(error) === 'BUSY'
        ? new FileInUseError(this.file, { cause: error })
        : new FileAccessError(this.file, `needs a lock file beside it, which cannot be written: ${show(file)}`, {
            cause: error,
          });
    }
  }

  /** Checks that the file is ours, or empty, before it is changed. */
  private requireOwn(): void {
    const { database } = this;
    const application = pragma(database, 'application_id');
    const version = versionOf(database);
    const { tables } = database.prepare('SELECT count(*) AS tables FROM sqlite_schema').get() as { tables: number };
    if (application === 0 && version === 0 && tables === 0) {
      if (this.readOnly) {
        throw new FileAccessError(this.file, 'is empty: the writer fills it; start that first');
      }
      return;
    }
    if (application !== APPLICATION_ID) {
      throw new NotAnEventFileError(
        this.file,
        `is a database of another application (its application_id is ${application})`,
      );
    }
    if (version > STEPS.length) {
      throw new FileVersionError(this.file, version, STEPS.length);
    }
    if (this.readOnly && version < STEPS.length) {
      throw new FileAccessError(
        this.file,
        `has schema version ${version}: open it once for writing, to bring it to ${STEPS.length}`,
      );
    }
  }

  private named(error: unknown): unknown {
    if (error instanceof EventFileError) {
      return error;
    }
    if (this.isClosed) {
      return new FileClosedError(this.file);
    }
    const options = { cause: error };
    switch (codeOf(error)) {
      case 'FULL':
        return new FileFullError(this.file, options);
      case 'NOTADB':
        return new NotAnEventFileError(this.file, 'is not a database', options);
      case 'CORRUPT':
        return new FileDamagedError(this.file, messageOf(error), options);
      case 'READONLY':
      case 'CANTOPEN':
      case 'PERM':
        return new FileAccessError(
          this.file,
          'cannot be written: check the permissions of the file and of its folder',
          options,
        );
      case 'BUSY':
        return new FileFailedError(
          this.file,
          `is locked by another program for more than ${BUSY_MS} ms: let that finish`,
          options,
        );
      default:
        return new FileFailedError(this.file, `cannot be used: ${messageOf(error)}`, options);
    }
  }
}

/** An error of a driver may be of another realm, as in tests of Jest, so that it is no `Error` of this one. */
function messageOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  return typeof message === 'string' ? message : show(error);
}
