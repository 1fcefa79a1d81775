import type { Event } from '../events/Event.js';
import {
  type OptionNames,
  requireCount,
  requireFunction,
  requireOptions,
  requireType,
} from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import type { ScrollBinding } from '../events/BusEvent.js';
import type { SqliteDriver } from './driver.js';

/** How long events are kept. Without a limit, they stay for ever. The oldest go first, some with each turn, so a limit is reached soon after. */
export interface SqliteRetention {
  /** The most events to keep, 1 to 2^31 - 1. */
  readonly maxEvents?: number | undefined;
  /**
   * The most bytes of the file that may be in use, an integer from 2^20 to 2^53 - 1, counted in pages with the indexes.
   *
   * **Details** The file does not shrink: new events take the pages that old ones have left.
   */
  readonly maxBytes?: number | undefined;
  /** The most milliseconds since the time `at` of an event, 1 to 2^53 - 1. Old events go when the next ones are written, and when the file is opened. */
  readonly maxAgeMs?: number | undefined;
}

const RETENTION_OPTIONS: OptionNames<SqliteRetention> = { maxEvents: true, maxBytes: true, maxAgeMs: true };

/** Options of {@link sqliteUpstream}. */
export interface SqliteUpstreamOptions<E = Event> {
  /** The path of the database file. It is made if it is missing; its folder must exist. */
  readonly file: string;
  /**
   * When events are on the disk. Default `'turn'`.
   *
   * - `'turn'`: before a receiver sees them. All events of a turn of the event loop are one transaction. If the machine dies, the last turns may be
   *   lost.
   * - `'event'`: before `publish` returns, synchronised with the disk, so that they are there after the machine has died. If that fails, `publish`
   *   throws.
   */
  readonly durability?: 'turn' | 'event' | undefined;
  /** How long events are kept. Default: for ever. */
  readonly retention?: SqliteRetention | undefined;
  /** The largest size of the file, in bytes, 65,536 to 2^42. Beyond it, writing fails as on a full disk. Default: no limit. */
  readonly maxFileBytes?: number | undefined;
  /** Reads the file of another process, and follows what is written there. `publish` throws `ReadOnlyFileError`. Default false. */
  readonly readOnly?: boolean | undefined;
  /** With `readOnly`: how often the file is looked at, in milliseconds on the bus's scheduler, 1 to 2^31 - 1. Default 100. */
  readonly pollMs?: number | undefined;
  /**
   * What happens when events cannot be written, or with `readOnly` cannot be read. Default `'end'`.
   *
   * - `'end'`: the bus ends. Its receivers get the error after what waits.
   * - `'continue'`: the bus goes on without these events. With `durability: 'turn'`, receivers get a gap in their place, and the file gets it once
   *   writing works again. One warning is logged, and a line when it works again.
   */
  readonly onError?: 'end' | 'continue' | undefined;
  /** Which driver to use. Default: `better-sqlite3`, or `node:sqlite` if that package is not installed. */
  readonly driver?: SqliteDriver | undefined;
  /** Returns the binding that a payload registers, or `undefined`. Give it the `bindingOf` of the bus, if that has one. Default: reads `SessionRegistered`. */
  readonly bindingOf?: ((event: E) => ScrollBinding | undefined) | undefined;
  /** The most bindings to teach the bus when it starts, 1 to 2^31 - 1: those that were used last. Give it the `maxBindings` of the bus. Default 65,536. */
  readonly maxBindings?: number | undefined;
  /** Writes a payload as text. Default: `JSON.stringify`. */
  readonly serialize?: ((event: E) => string) | undefined;
  /** Reads a payload from the text of `serialize`. Default: `JSON.parse`. */
  readonly parse?: ((text: string) => E) | undefined;
}

const OPTIONS: OptionNames<SqliteUpstreamOptions> = {
  file: true,
  durability: true,
  retention: true,
  maxFileBytes: true,
  readOnly: true,
  pollMs: true,
  onError: true,
  driver: true,
  bindingOf: true,
  maxBindings: true,
  serialize: true,
  parse: true,
};

/** Checked options, with their defaults. */
export interface Settings<E> {
  readonly file: string;
  readonly durability: 'turn' | 'event';
  readonly retention: SqliteRetention;
  readonly maxFileBytes: number | undefined;
  readonly readOnly: boolean;
  readonly pollMs: number;
  readonly onError: 'end' | 'continue';
  readonly driver: SqliteDriver | undefined;
  readonly bindingOf: (event: E) => ScrollBinding | undefined;
  readonly maxBindings: number;
  readonly serialize: (event: E) => unknown;
  readonly parse: (text: string) => E;
}

const DRIVERS: readonly SqliteDriver[] = ['better-sqlite3', 'node:sqlite'];

const OWNER = 'sqliteUpstream:';

/** @throws RangeError if a number is out of range, TypeError if an option has the wrong type or is unknown. */
export function settingsOf<E>(options: SqliteUpstreamOptions<E>): Settings<E> {
  requireOptions(`${OWNER} options`, options, OPTIONS);
  const { file, retention = {}, maxFileBytes, readOnly = false, bindingOf, serialize, parse } = options;
  requireType(`${OWNER} file`, 'string', file);
  if (file === '' || file === ':memory:' || file.includes('\0')) {
    throw new TypeError(`${OWNER} file must be the path of a file, got ${show(file)}`);
  }
  requireOptions(`${OWNER} retention`, retention, RETENTION_OPTIONS);
  const { maxEvents, maxBytes, maxAgeMs } = retention;
  if (maxEvents !== undefined) {
    requireCount(`${OWNER} retention.maxEvents`, maxEvents);
  }
  requireInteger('retention.maxBytes', maxBytes, 2 ** 20, Number.MAX_SAFE_INTEGER);
  requireInteger('retention.maxAgeMs', maxAgeMs, 1, Number.MAX_SAFE_INTEGER);
  requireInteger('maxFileBytes', maxFileBytes, 65_536, 2 ** 42);
  if (typeof readOnly !== 'boolean') {
    throw new TypeError(`${OWNER} readOnly must be a boolean, got ${show(readOnly)}`);
  }
  for (const [name, value] of Object.entries({ bindingOf, serialize, parse })) {
    if (value !== undefined) {
      requireFunction(`${OWNER} ${name}`, value);
    }
  }
  return {
    file,
    durability: oneOf('durability', options.durability ?? 'turn', ['turn', 'event']),
    retention: { maxEvents, maxBytes, maxAgeMs },
    maxFileBytes,
    readOnly,
    pollMs: requireCount(`${OWNER} pollMs`, options.pollMs ?? 100),
    onError: oneOf('onError', options.onError ?? 'end', ['end', 'continue']),
    driver: options.driver === undefined ? undefined : oneOf('driver', options.driver, DRIVERS),
    bindingOf: bindingOf ?? registrationOf,
    maxBindings: requireCount(`${OWNER} maxBindings`, options.maxBindings ?? 65_536),
    serialize: serialize ?? JSON.stringify,
    parse: parse ?? (JSON.parse as (text: string) => E),
  };
}

function oneOf<T extends string>(name: string, value: T, known: readonly T[]): T {
  if (!known.includes(value)) {
    throw new TypeError(`${OWNER} ${name} must be ${known.map((one) => `'${one}'`).join(' or ')}, got ${show(value)}`);
  }
  return value;
}

function requireInteger(name: string, value: number | undefined, least: number, most: number): void {
  if (value !== undefined && !(Number.isInteger(value) && value >= least && value <= most)) {
    throw new RangeError(`${OWNER} ${name} must be an integer from ${least} to ${most}, got ${show(value)}`);
  }
}

/** The built-in `bindingOf`. */
function registrationOf(event: unknown): ScrollBinding | undefined {
  const payload = event as { type?: unknown } | null | undefined;
  return payload?.type === 'SessionRegistered' ? (payload as unknown as ScrollBinding) : undefined;
}
