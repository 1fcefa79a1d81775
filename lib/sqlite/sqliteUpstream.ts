import { EventFilter } from '../events/EventFilter.js';
import type { Event } from '../events/Event.js';
import { withoutUndefined } from '../internal/support/withoutUndefined.js';
import type { Delivery } from '../receiver.js';
import type { Upstream, UpstreamBus, UpstreamLink } from '../upstream.js';
import { Connection } from './Connection.js';
import { EventFileError, FileClosedError } from './errors.js';
import { FollowerLink } from './FollowerLink.js';
import { type Settings, settingsOf, type SqliteUpstreamOptions } from './options.js';
import { type SqliteStats, StoredEvents, type StoredScroll } from './StoredEvents.js';
import { Writer } from './Writer.js';
import { WriterLink } from './WriterLink.js';

/** An upstream that keeps the events of a bus in a file. */
export interface SqliteUpstream<E = Event> extends Upstream<E>, Disposable {
  /** What the file keeps now. */
  stats(): SqliteStats;
  /** The scrolls of which events are kept, the one with the oldest event first. It reads the index of all events. */
  scrolls(): StoredScroll[];
  /**
   * The kept events that match, in order, with a gap where events are no longer kept. It reads as you iterate, up to what is kept when it begins.
   *
   * @param filter Which events. Default: all.
   */
  deliveries(filter?: EventFilter<E>): Iterable<Delivery<E>>;
  /**
   * Closes the bus, if there is one, and the file. Then, the methods above throw `FileClosedError`. A second call does nothing.
   *
   * **Gotchas** Receivers that have still to read earlier events keep the file open until they have read them. Dispose them to close it now.
   */
  close(): void;
}

/**
 * Keeps the events of a bus in a SQLite database: one file, on a local disk. After a restart, a bus with the same file goes on where the last one
 * was: positions, bindings and the history are there again.
 *
 * **Details** It is synchronous. One upstream writes to a file at a time; others follow it with `readOnly`. Beside the file are `FILE-wal`,
 * `FILE-shm`, `FILE-lock`, and with `onError: 'continue'` also `FILE-ahead`. It needs the package `better-sqlite3`, or `node:sqlite`. The file is open
 * until the bus, or this object, is closed.
 *
 * **Errors** Throws `RangeError` and `TypeError` for bad options, `MissingDriverError` without a driver, and an {@link EventFileError}:
 * `FileInUseError` if there is another writer, `FileAccessError`, `NotAnEventFileError`, `FileVersionError` or `FileDamagedError`.
 *
 * @example
 * ```ts
 * const bus = new SharingBus({ upstream: sqliteUpstream({ file: 'events.db' }) });
 * bus.stream(EventFilter.all, { from: 'start' }).subscribe(console.log); // also the events of earlier runs
 * ```
 *
 * @param options See {@link SqliteUpstreamOptions}.
 */
export function sqliteUpstream<E = Event>(options: SqliteUpstreamOptions<E>): SqliteUpstream<E> {
  const settings = settingsOf(options);
  const connection = new Connection(settings.file, settings.driver, settings.readOnly);
  try {
    return connection.guard(() => (settings.readOnly ? reader(connection, settings) : writer(connection, settings)));
  } catch (error) {
    connection.close();
    throw error;
  }
}

function writer<E>(connection: Connection, settings: Settings<E>): SqliteUpstream<E> {
  const file = new Writer(connection, settings);
  return new EventFile(connection, file.stored, {
    open: (bus) => new WriterLink(bus, file, settings),
    close: () => {
      file.close();
    },
  });
}

function reader<E>(connection: Connection, settings: Settings<E>): SqliteUpstream<E> {
  const stored = new StoredEvents(connection, settings.parse);
  return new EventFile(connection, stored, {
    open: (bus) => new FollowerLink(bus, connection, stored, settings),
    close: () => {
      connection.close();
    },
  });
}

interface Access<E> {
  open(bus: UpstreamBus<E>): UpstreamLink<E>;
  /** Closes the file if there is no link. */
  close(): void;
}

class EventFile<E> implements SqliteUpstream<E> {
  private bus: UpstreamBus<E> | undefined;

  constructor(
    private readonly connection: Connection,
    private readonly stored: StoredEvents<E>,
    private readonly access: Access<E>,
  ) {}

  open(bus: UpstreamBus<E>): UpstreamLink<E> {
    this.requireOpen();
    if (this.bus !== undefined) {
      throw new EventFileError(this.connection.file, 'serves a bus already: make an upstream for each bus');
    }
    try {
      const link = this.access.open(bus);
      this.bus = bus;
      return link;
    } catch (error) {
      this.access.close();
      throw error;
    }
  }

  stats(): SqliteStats {
    this.requireOpen();
    return this.stored.stats();
  }

  scrolls(): StoredScroll[] {
    this.requireOpen();
    return this.stored.scrolls();
  }

  deliveries(filter: EventFilter<E> = EventFilter.all): Iterable<Delivery<E>> {
    this.requireOpen();
    return this.stored.deliveries(filter);
  }

  close(): void {
    if (this.connection.isClosed) {
      return;
    }
    if (this.bus === undefined) {
      this.access.close();
    } else {
      this.bus.end();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private requireOpen(): void {
    if (this.connection.isClosed) {
      throw new FileClosedError(this.connection.file);
    }
  }
}

withoutUndefined(EventFile.prototype);
