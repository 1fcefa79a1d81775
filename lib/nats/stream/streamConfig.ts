import { jetstreamManager, type JetStreamManager, type StreamConfig, type StreamInfo } from '@nats-io/jetstream';
import { delay, type NatsConnection } from '@nats-io/nats-core';
import { show } from '../../internal/support/show.js';
import { ConnectionEndedError, JetStreamSetupError, StreamMismatchError } from '../errors.js';
import type { EnsureStreamOptions } from '../options.js';
import { MIN_DUPLICATE_WINDOW_MS, type StreamSettings, streamSettingsOf } from '../settings.js';

const NANOS = 1_000_000;
const READY_MS = 10_000;
const RETRY_MS = 100;

/** Codes of JetStream's API, as in its `err_code`. */
export const CODES = {
  streamNotFound: 10059,
  subjectsOverlap: 10065,
  messageNotFound: 10037,
  wrongLastId: 10070,
  wrongLastSequence: 10071,
  wrongLastSequenceUnknown: 10164,
  messageTooLarge: 10054,
  wrongStream: 10060,
} as const;

/** The `err_code` of an error of the API; its own class may come from another copy of the package. */
export function codeOf(error: unknown): number | undefined {
  const code = (error as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'number' ? code : undefined;
}

/** What is used of the client, after a check of the server. */
export interface Access {
  readonly manager: JetStreamManager;
  /** The first tokens of the API's subjects. */
  readonly api: string;
}

/**
 * @throws JetStreamSetupError if the server is too old, has no JetStream, or the account has no rights to it.
 * @throws ConnectionEndedError if the connection is closed.
 */
export async function accessOf(
  connection: NatsConnection,
  domain: string | undefined,
  timeout: number,
): Promise<Access> {
  if (connection.isClosed()) {
    throw new ConnectionEndedError();
  }
  if (versionOf(connection.info?.version, Infinity) < 2_009_000) {
    const { version = '' } = connection.info ?? {};
    throw new JetStreamSetupError(`the server has version ${version}; install nats-server 2.9 or later`);
  }
  const ask = (): Promise<JetStreamManager> =>
    jetstreamManager(connection, { timeout, ...(domain !== undefined && { domain }) });
  const manager = await setUp({ connection, domain }, ask);
  return { manager, api: apiOf(domain) };
}

/** A version as a number, 2,009,010 for 2.9.10; `none` if it is not known. */
function versionOf(text: string | undefined, none: number): number {
  const [, major, minor, patch] = /^(\d+)\.(\d+)(?:\.(\d+))?/.exec(text ?? '') ?? [];
  return major === undefined ? none : Number(major) * 1_000_000 + Number(minor) * 1_000 + Number(patch ?? 0);
}

/**
 * Whether a server with this version sends a consumer with several subjects all messages that match. Servers from 2.10 on have such consumers, but
 * those before 2.12.4 leave out some of them. See docs/decisions.md, D-113.
 */
export function leavesNothingOut(version: string | undefined): boolean {
  return versionOf(version, 0) >= 2_012_004;
}

/** The first tokens of the API's subjects. */
function apiOf(domain: string | undefined): string {
  return domain === undefined ? '$JS.API' : `$JS.${domain}.API`;
}

/** Calls `ask` again for some seconds while a server with JetStream says that it has none: it is starting, or has no leader. */
async function whenReady<T>(connection: NatsConnection, ask: () => Promise<T>): Promise<T> {
  const end = Date.now() + READY_MS;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      const { name, status } = error as Error & { status?: unknown };
      const isTransient = name === 'JetStreamNotEnabled' || name === 'TimeoutError' || status === 503;
      const mayPass = isTransient && connection.info?.jetstream === true && !connection.isClosed();
      if (!mayPass || Date.now() > end) {
        throw error;
      }
      await delay(RETRY_MS);
    }
  }
}

/** How the API is reached. */
export interface Client {
  readonly connection: NatsConnection;
  readonly domain: string | undefined;
}

/** Calls `ask`, and turns what it rejects with into a {@link JetStreamSetupError} that says what to do. */
export async function setUp<T>({ connection, domain }: Client, ask: () => Promise<T>): Promise<T> {
  try {
    return await whenReady(connection, ask);
  } catch (error) {
    const { name, message, cause } = error as Error;
    const because = { cause: error };
    if (
      name === 'PermissionViolationError' ||
      (cause as Partial<Error> | undefined)?.name === 'PermissionViolationError'
    ) {
      throw new JetStreamSetupError(
        `${message}: allow the user to publish to ${apiOf(domain)}.> and to read its inbox; if it may read another one than _INBOX.>, connect ` +
          'with its inboxPrefix',
        because,
      );
    }
    if (name === 'TimeoutError') {
      throw new JetStreamSetupError(
        'JetStream does not answer: check that the cluster has a leader, and that the user may read its inbox, which inboxPrefix of the connection names',
        because,
      );
    }
    if (name === 'JetStreamNotEnabled') {
      throw new JetStreamSetupError(
        `${domain === undefined ? 'the server or the account' : `the domain ${show(domain)}`} has no JetStream, or it is not ready: ` +
          'start nats-server with --jetstream, check the domain, or try again',
        because,
      );
    }
    throw error;
  }
}

/** @throws JetStreamSetupError if there is no such stream. */
export async function infoOf({ manager }: Access, stream: string): Promise<StreamInfo> {
  try {
    return await manager.streams.info(stream);
  } catch (error) {
    throw codeOf(error) === CODES.streamNotFound
      ? new JetStreamSetupError(`there is no stream ${show(stream)}: call ensureStream first`, { cause: error })
      : error;
  }
}

/**
 * Checks whether a stream can be that of an upstream.
 *
 * @throws StreamMismatchError with everything that is wrong.
 */
export function checkStream(config: Partial<StreamConfig>, prefix: string, allowMemory: boolean): void {
  const { name = '', subjects = [], retention, storage, duplicate_window: duplicates = 0 } = config;
  const problems: string[] = [];
  const fail = (isWrong: unknown, problem: string): void => {
    if (Boolean(isWrong)) {
      problems.push(problem);
    }
  };
  const wanted = `${prefix}.>`;
  fail(
    subjects.length !== 1 || subjects[0] !== wanted,
    `its subjects are ${show(subjects)} and must be ${show([wanted])}: give the bus a stream of its own`,
  );
  fail(retention !== 'limits', `its retention is ${show(retention)} and must be "limits": make it anew`);
  fail(
    storage !== 'file' && !allowMemory,
    `its storage is ${show(storage)}, which is lost with the server: use "file", or set allowMemory`,
  );
  fail(
    duplicates < MIN_DUPLICATE_WINDOW_MS * NANOS,
    `its duplicate window is ${duplicates / NANOS} ms and must be at least ${MIN_DUPLICATE_WINDOW_MS}: set it to some minutes`,
  );
  fail((config.max_msgs_per_subject ?? -1) > 0, 'it has max_msgs_per_subject, which removes events: set it to -1');
  fail(config.sealed, 'it is sealed: make another one');
  fail(config.no_ack, 'it has no_ack: turn it off');
  fail(config.mirror, 'it is a mirror, which takes no events: use the stream that it mirrors');
  fail((config.sources ?? []).length > 0, 'it has sources, whose events have no ids of this prefix: make one without');
  fail(config.subject_transform, 'it has a subject_transform: remove it');
  fail(config.allow_rollup_hdrs, 'it allows rollups, which remove events: turn allow_rollup_hdrs off');
  if (problems.length > 0) {
    throw new StreamMismatchError(name, problems);
  }
}

/**
 * Makes the stream of an upstream, or checks the one that is there.
 *
 * **Details** The stream has the subjects `prefix.>`, is kept in files, and removes its oldest events at its limits. One that is there is
 * never changed. All processes may call this at the same time.
 *
 * **Errors** Rejects with {@link StreamMismatchError} if the stream that is there does not fit, or differs from an option that is given;
 * with {@link JetStreamSetupError} if the server cannot serve; with {@link ConnectionEndedError} if the connection is closed; with
 * `RangeError` or `TypeError` for a bad option.
 *
 * @param connection A connection to the servers.
 */
export async function ensureStream(connection: NatsConnection, options: EnsureStreamOptions): Promise<void> {
  const settings = streamSettingsOf(connection, options);
  const access = await accessOf(connection, settings.domain, MAKE_TIMEOUT_MS);
  let config: StreamConfig;
  try {
    const client = { connection, domain: settings.domain };
    ({ config } = await setUp(client, () => access.manager.streams.info(settings.stream)));
  } catch (error) {
    if (codeOf(error) !== CODES.streamNotFound) {
      throw error;
    }
    config = await made(connection, access, settings);
  }
  checkStream(config, settings.prefix, false);
  checkOptions(config, settings);
}

async function made(connection: NatsConnection, access: Access, settings: StreamSettings): Promise<StreamConfig> {
  try {
    const client = { connection, domain: settings.domain };
    const { config } = await setUp(client, () => access.manager.streams.add(configOf(settings)));
    return config;
  } catch (error) {
    if (codeOf(error) === CODES.subjectsOverlap) {
      const { stream, prefix } = settings;
      throw new StreamMismatchError(stream, [
        `another stream has subjects of the prefix ${show(prefix)}; name that stream, or give this one a prefix of its own`,
      ]);
    }
    throw error;
  }
}

/** A cluster may need some seconds to make a stream. */
const MAKE_TIMEOUT_MS = 5_000;
const DEFAULT_DUPLICATE_WINDOW_MS = 120_000;

type Wanted = Partial<StreamConfig> & { name: string };

function configOf({ stream, prefix, replicas = 1, maxBytes = -1, maxAgeMs = 0, ...rest }: StreamSettings): Wanted {
  // The server refuses a window that is longer than the age.
  const longest = maxAgeMs === 0 ? Infinity : maxAgeMs;
  const { duplicateWindowMs = Math.min(DEFAULT_DUPLICATE_WINDOW_MS, longest) } = rest;
  return {
    name: stream,
    subjects: [`${prefix}.>`],
    retention: 'limits',
    storage: 'file',
    discard: 'old',
    num_replicas: replicas,
    max_bytes: maxBytes,
    max_age: maxAgeMs * NANOS,
    duplicate_window: duplicateWindowMs * NANOS,
  };
}

function checkOptions(config: StreamConfig, settings: StreamSettings): void {
  const { stream, replicas, maxBytes, maxAgeMs, duplicateWindowMs } = settings;
  const problems = [
    { option: 'replicas', wanted: replicas, has: config.num_replicas },
    { option: 'maxBytes', wanted: maxBytes, has: config.max_bytes },
    { option: 'maxAgeMs', wanted: maxAgeMs, has: config.max_age / NANOS },
    { option: 'duplicateWindowMs', wanted: duplicateWindowMs, has: config.duplicate_window / NANOS },
  ]
    .filter(({ wanted, has }) => wanted !== undefined && wanted !== has)
    .map(
      ({ option, wanted, has }) =>
        `${option} should be ${String(wanted)} and is ${has}: change the stream or the option`,
    );
  if (problems.length > 0) {
    throw new StreamMismatchError(stream, problems);
  }
}

/** @throws JetStreamSetupError if the connection gives up, and may not. */
export function checkConnection(connection: NatsConnection, mayEnd: boolean): void {
  // Not among the public members; a connection of another kind may lack them.
  const { options } = connection as { options?: { maxReconnectAttempts?: unknown; reconnect?: unknown } };
  if (options === undefined || mayEnd) {
    return;
  }
  const { maxReconnectAttempts = -1, reconnect = true } = options;
  if (reconnect !== true || maxReconnectAttempts !== -1) {
    throw new JetStreamSetupError(
      `the connection gives up after ${show(maxReconnectAttempts)} attempts: connect with maxReconnectAttempts: -1, or set mayEnd`,
    );
  }
}
