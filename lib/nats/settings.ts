import type { NatsConnection } from '@nats-io/nats-core';
import type { BusEvent, ScrollBinding } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { type EventFilter, simplestFilter } from '../events/EventFilter.js';
import { canonicalUuid } from '../events/Uuid.js';
import { answerOf } from '../internal/support/promises.js';
import { requireCount, requireFunction, requireOptions, requireType } from '../internal/support/require.js';
import { show } from '../internal/support/show.js';
import {
  JET_STREAM_UPSTREAM_OPTIONS,
  type JetStreamUpstreamOptions,
  ENSURE_STREAM_OPTIONS,
  type EnsureStreamOptions,
} from './options.js';
import { readerSubjectsOf } from './stream/subjectsOf.js';

/** The options of `jetStreamUpstream`, checked, with their defaults. */
export interface Settings<E> {
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly node: string;
  readonly prefix: string;
  readonly domain: string | undefined;
  readonly order: 'stream' | 'local';
  /** `undefined`: every event. */
  readonly filter: EventFilter<E> | undefined;
  /** The subjects that this bus reads; `undefined`: all. */
  readonly subjects: readonly string[] | undefined;
  readonly window: number;
  readonly waitFor: (() => PromiseLike<unknown>) | undefined;
  readonly maxPending: number;
  readonly maxPendingLength: number;
  readonly maxInFlight: number;
  readonly ackTimeoutMs: number;
  readonly giveUpMs: number | undefined;
  readonly heartbeatMs: number;
  readonly idOf: ((busEvent: BusEvent<E>) => string) | undefined;
  readonly laneOf: ((busEvent: BusEvent<E>) => string) | undefined;
  readonly bindingOf: (event: E) => ScrollBinding | undefined;
  readonly serialize: (busEvent: BusEvent<E>) => unknown;
  readonly parse: (value: unknown) => BusEvent<E>;
  readonly allowMemory: boolean;
}

export function settingsOf<E>(options: JetStreamUpstreamOptions<E>): Settings<E> {
  requireOptions('jetStreamUpstream: options', options, JET_STREAM_UPSTREAM_OPTIONS);
  const { connection, stream, node, prefix = 'bus', domain, waitFor, giveUpMs, idOf } = options;
  const {
    window = 256,
    maxPending = 4_096,
    maxPendingLength = 67_108_864,
    maxInFlight = 256,
    ackTimeoutMs = 2_000,
    heartbeatMs = 1_000,
  } = options;
  const { laneOf, bindingOf = sessionRegistered, serialize = fieldsOf, parse = asItIs } = options;
  const { allowMemory = false, mayEnd = false, order = 'stream' } = options;
  const what = (name: string): string => `jetStreamUpstream: ${name}`;
  requireConnection(what('connection'), connection);
  requireStreamName(what('stream'), stream);
  requireNode(what('node'), node);
  requirePrefix(what('prefix'), prefix);
  requireDomain(what('domain'), domain);
  for (const [name, count] of Object.entries({
    window,
    maxPending,
    maxPendingLength,
    maxInFlight,
    ackTimeoutMs,
    giveUpMs,
  })) {
    if (count !== undefined) {
      requireCount(what(name), count);
    }
  }
  requireRange(what('heartbeatMs'), heartbeatMs, 500, 10_000);
  for (const [name, fn] of Object.entries({ waitFor, idOf, laneOf, bindingOf, serialize, parse })) {
    if (fn !== undefined) {
      requireFunction(what(name), fn);
    }
  }
  requireBoolean(what('allowMemory'), allowMemory);
  requireBoolean(what('mayEnd'), mayEnd);
  requireOrder(what('order'), order);
  if (order === 'local' && mayEnd) {
    throw new TypeError(
      `${what('mayEnd')} must be false with order "local": a bus that goes on alone must not end with its connection`,
    );
  }
  const filter = options.filter === undefined ? undefined : checkedFilter(what('filter'), options.filter);
  const subjects = filter && readerSubjectsOf(prefix, filter);
  return {
    ...{ order, connection, stream, node, prefix, domain, window, waitFor, maxPending, maxPendingLength, maxInFlight },
    ...{ filter, subjects },
    ...{ ackTimeoutMs, giveUpMs, heartbeatMs, idOf, laneOf, serialize, parse, allowMemory },
    bindingOf: bindingOf,
  };
}

/** The filter in its simplest form; `undefined` if it matches everything. */
function checkedFilter<E>(what: string, filter: EventFilter<E>): EventFilter<E> | undefined {
  const simplest = simplestFilter(filter);
  if (hasPredicate(simplest)) {
    throw new TypeError(
      `${what} must not have a where(), since the server cannot call a function; give it to a receiver`,
    );
  }
  return simplest.type === 'all' ? undefined : simplest;
}

function hasPredicate<E>(filter: EventFilter<E>): boolean {
  switch (filter.type) {
    case 'and':
    case 'or':
      return filter.filters.some((one) => hasPredicate(one));
    case 'not':
      return hasPredicate(filter.filter);
    default:
      return filter.type === 'where';
  }
}

/** The options of `ensureStream`, checked, with their defaults. */
export interface StreamSettings {
  readonly stream: string;
  readonly prefix: string;
  readonly domain: string | undefined;
  readonly replicas: number | undefined;
  readonly maxBytes: number | undefined;
  readonly maxAgeMs: number | undefined;
  readonly duplicateWindowMs: number | undefined;
}

export function streamSettingsOf(connection: NatsConnection, options: EnsureStreamOptions): StreamSettings {
  requireConnection('ensureStream: connection', connection);
  requireOptions('ensureStream: options', options, ENSURE_STREAM_OPTIONS);
  const { stream, prefix = 'bus', domain, replicas, maxBytes, maxAgeMs, duplicateWindowMs } = options;
  requireStreamName('ensureStream: stream', stream);
  requirePrefix('ensureStream: prefix', prefix);
  requireDomain('ensureStream: domain', domain);
  const optional = (name: string, value: unknown, least: number, most: number): void => {
    if (value !== undefined) {
      requireRange(`ensureStream: ${name}`, value, least, most);
    }
  };
  optional('replicas', replicas, 1, 5);
  optional('maxBytes', maxBytes, 1, Number.MAX_SAFE_INTEGER);
  optional('maxAgeMs', maxAgeMs, MIN_DUPLICATE_WINDOW_MS, MAX_MS);
  optional('duplicateWindowMs', duplicateWindowMs, MIN_DUPLICATE_WINDOW_MS, maxAgeMs ?? MAX_MS);
  return { stream, prefix, domain, replicas, maxBytes, maxAgeMs, duplicateWindowMs };
}

/** A process that publishes again after this time could store an event twice. */
export const MIN_DUPLICATE_WINDOW_MS = 30_000;

/** 100 years. The server counts nanoseconds in 64 bits. */
const MAX_MS = 100 * 365 * 24 * 3_600_000;

function requireConnection(what: string, connection: unknown): void {
  requireType(what, 'object', connection);
  for (const name of ['publish', 'subscribe', 'request', 'status', 'closed', 'isClosed'] as const) {
    requireFunction(`${what}.${name}`, (connection as Partial<NatsConnection>)[name]);
  }
}

function requireStreamName(what: string, name: string): void {
  requireType(what, 'string', name);
  if (!/^[^\s.*>/\\]{1,255}$/.test(name)) {
    throw new RangeError(`${what} must be 1 to 255 characters without white space and . * > / \\, got ${show(name)}`);
  }
}

function requireNode(what: string, node: string): void {
  requireType(what, 'string', node);
  if (!/^[\x21-\x7e]{1,64}$/.test(node)) {
    throw new RangeError(`${what} must be 1 to 64 printable characters of ASCII, without spaces, got ${show(node)}`);
  }
}

function requirePrefix(what: string, prefix: string): void {
  requireType(what, 'string', prefix);
  if (!/^[\w-]+(\.[\w-]+)*$/.test(prefix) || prefix.length > 64) {
    throw new RangeError(`${what} must be tokens of A-Z a-z 0-9 _ -, at most 64 characters, got ${show(prefix)}`);
  }
}

function requireDomain(what: string, domain: string | undefined): void {
  if (domain !== undefined) {
    requireType(what, 'string', domain);
    if (!/^[^\s.*>]+$/.test(domain)) {
      throw new RangeError(`${what} must be one token of a subject, got ${show(domain)}`);
    }
  }
}

function requireRange(what: string, value: unknown, least: number, most: number): void {
  if (!Number.isInteger(value) || (value as number) < least || (value as number) > most) {
    throw new RangeError(`${what} must be an integer from ${least} to ${most}, got ${show(value)}`);
  }
}

function requireBoolean(what: string, value: unknown): void {
  if (typeof value !== 'boolean') {
    throw new TypeError(`${what} must be a boolean, got ${show(value)}`);
  }
}

function requireOrder(what: string, order: unknown): void {
  requireType(what, 'string', order);
  if (order !== 'stream' && order !== 'local') {
    throw new RangeError(`${what} must be "stream" or "local", got ${show(order)}`);
  }
}

/** The default of `bindingOf`, as that of the bus. */
function sessionRegistered(event: unknown): ScrollBinding | undefined {
  const candidate = event as Partial<Event> | null | undefined;
  return candidate?.type === 'SessionRegistered' ? (candidate as ScrollBinding) : undefined;
}

/** The default of `serialize`. The fields are named, so that getters of a class are written, too. */
function fieldsOf({ routing, origin, event, at }: BusEvent<unknown>): unknown {
  const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = routing;
  return { routing: { scrollId, connectorUid, connectorId, nativeSessionId, kind }, origin, event, at };
}

function asItIs<E>(value: unknown): BusEvent<E> {
  return value as BusEvent<E>;
}

/**
 * The binding of a registration, with a canonical scroll id. `undefined` if `busEvent` is none, if its scroll id is no UUID, or if asking
 * fails: the bus that publishes it logs that.
 */
export function bindingIn<E>(
  { bindingOf }: Pick<Settings<E>, 'bindingOf'>,
  busEvent: BusEvent<E>,
): ScrollBinding | undefined {
  try {
    const binding: unknown = answerOf('bindingOf', bindingOf(busEvent.event));
    const { connectorId, sessionId, scrollId: text } = (binding ?? {}) as Partial<Record<keyof ScrollBinding, unknown>>;
    const scrollId = canonicalUuid(text);
    return typeof connectorId === 'string' && typeof sessionId === 'string' && scrollId !== undefined
      ? { connectorId, sessionId, scrollId }
      : undefined;
  } catch {
    return undefined;
  }
}

/** The lane of a session. The parts are written as JSON, so that no two pairs give the same text. */
export function sessionLane(connectorId: string, sessionId: string): string {
  return JSON.stringify([connectorId, sessionId]);
}
