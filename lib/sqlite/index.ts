/// <reference lib="esnext.disposable" preserve="true" />
export { sqliteUpstream, type SqliteUpstream } from './sqliteUpstream.js';
export type { SqliteRetention, SqliteUpstreamOptions } from './options.js';
export type { SqliteDriver } from './driver.js';
export type { SqliteStats, StoredScroll } from './StoredEvents.js';
export {
  EventFileError,
  FileAccessError,
  FileClosedError,
  FileDamagedError,
  FileFailedError,
  FileFullError,
  FileInUseError,
  FileReplacedError,
  FileVersionError,
  MissingDriverError,
  NotAnEventFileError,
  ReadOnlyFileError,
  UnserializableEventError,
} from './errors.js';
