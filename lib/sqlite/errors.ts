import { show } from '../internal/support/show.js';

/** What the errors of a file of events have in common. `instanceof EventFileError` is true for all of them. */
export class EventFileError extends Error {
  override readonly name: string = 'EventFileError';

  /**
   * @param file The file, as it was given.
   * @param reason What is wrong, and what to do.
   * @param options `cause` is the underlying error, if there is one.
   */
  constructor(
    readonly file: string,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`${show(file)} ${reason}`, options);
  }
}

/** Neither `better-sqlite3` is installed, nor has the platform `node:sqlite`. */
export class MissingDriverError extends Error {
  override readonly name = 'MissingDriverError';

  /**
   * @param driver The driver that was looked for.
   * @param options `cause` is what loading it threw.
   */
  constructor(
    readonly driver: string,
    options?: { cause?: unknown },
  ) {
    super(
      driver === 'node:sqlite'
        ? 'node:sqlite is missing: it needs Node 22.13 or later; or run: npm install better-sqlite3@12'
        : 'better-sqlite3 cannot be loaded; run: npm install better-sqlite3@12',
      options,
    );
  }
}

/** Another upstream, of this process or of another one, writes to the file. */
export class FileInUseError extends EventFileError {
  override readonly name = 'FileInUseError';

  constructor(file: string, options?: { cause?: unknown }) {
    super(
      file,
      'has a writer already: close that one first, use another file, or open it with readOnly to follow the writer',
      options,
    );
  }
}

/** The file is not a database, or is the database of another application. */
export class NotAnEventFileError extends EventFileError {
  override readonly name = 'NotAnEventFileError';

  constructor(file: string, what: string, options?: { cause?: unknown }) {
    super(file, `${what}. It was not changed. Give the name of another file`, options);
  }
}

/** A newer version of this library has written the file. */
export class FileVersionError extends EventFileError {
  override readonly name = 'FileVersionError';

  /**
   * @param file The file.
   * @param found The version of its schema.
   * @param known The newest version that this library knows.
   */
  constructor(
    file: string,
    readonly found: number,
    readonly known: number,
  ) {
    super(file, `has schema version ${found}, and this library knows ${known} at most: install a newer sharing-bus`);
  }
}

/** The file or its folder cannot be opened: it is missing, or may not be read or written. */
export class FileAccessError extends EventFileError {
  override readonly name = 'FileAccessError';
}

/** A part of the file cannot be read as what was written. */
export class FileDamagedError extends EventFileError {
  override readonly name = 'FileDamagedError';

  constructor(file: string, what: string, options?: { cause?: unknown }) {
    super(
      file,
      `is damaged: ${what}. Close the bus, then restore a copy, or save what is left with: sqlite3 FILE .recover`,
      {
        ...options,
      },
    );
  }
}

/** The disk is full, or the file has the size that the option `maxFileBytes` allows. */
export class FileFullError extends EventFileError {
  override readonly name = 'FileFullError';

  constructor(file: string, options?: { cause?: unknown }) {
    super(file, 'cannot grow: free space on its disk, raise maxFileBytes, or set a smaller retention', options);
  }
}

/** The file was deleted or replaced by another one while it was open. */
export class FileReplacedError extends EventFileError {
  override readonly name = 'FileReplacedError';

  constructor(file: string) {
    super(file, 'was deleted or replaced while it was open: put it back, or make a new bus with a new upstream');
  }
}

/** Reading or writing failed for another reason, which is the `cause`. */
export class FileFailedError extends EventFileError {
  override readonly name = 'FileFailedError';
}

/** The upstream reads only. */
export class ReadOnlyFileError extends EventFileError {
  override readonly name = 'ReadOnlyFileError';

  constructor(file: string) {
    super(file, 'is open with readOnly: publish on the bus of the process that writes');
  }
}

/** The upstream was closed. */
export class FileClosedError extends EventFileError {
  override readonly name = 'FileClosedError';

  constructor(file: string) {
    super(file, 'is closed: make a new upstream');
  }
}

/** An event cannot be written as text, such as one with a `BigInt` or a cycle. It is not published. */
export class UnserializableEventError extends TypeError {
  override readonly name = 'UnserializableEventError';

  constructor(value: unknown, reason: string, options?: { cause?: unknown }) {
    super(`the event ${show(value)} cannot be kept: ${reason}`, options);
  }
}
