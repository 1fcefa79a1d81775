import type { NatsConnection } from '@nats-io/nats-core';
import type { BusEvent, ScrollBinding } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import type { EventFilter } from '../events/EventFilter.js';
import type { OptionNames } from '../internal/support/require.js';

/** Options of `jetStreamUpstream`. */
export interface JetStreamUpstreamOptions<E = Event> {
  /**
   * A connection of `@nats-io/transport-node`, or of another transport, made with `maxReconnectAttempts: -1`. The upstream does not close it.
   */
  readonly connection: NatsConnection;
  /** The name of the stream. `ensureStream` makes one that fits. */
  readonly stream: string;
  /** A name of this process, for log lines and for the ids of its messages: 1 to 64 characters. Two processes may have the same. */
  readonly node: string;
  /** The first tokens of all subjects, as `ensureStream` got them. Default `'bus'`. */
  readonly prefix?: string | undefined;
  /** The JetStream domain, if the servers have one. Default: none. */
  readonly domain?: string | undefined;
  /**
   * In which order the bus delivers. Default `'stream'`: that of the stream, the same in all processes; an event is delivered when it has come
   * back. `'local'`: the bus delivers its own events at once, also while the servers are away, and those of others as they come. It promises less:
   *
   * | | `stream` | `local` |
   * | --- | --- | --- |
   * | order of one session's events from one process | kept | kept |
   * | order of all events | the same in all processes | each process has its own |
   * | places, `from`, `history` | those of the stream | those of this run of the bus; it has what its option `history` keeps in memory |
   * | `maxPending` events wait | `publish` throws `OutboxFullError` | further events are not forwarded: only this bus delivers them, others get a gap |
   * | a registration of another process for a session of this one | the last one holds, everywhere alike | may differ for the time of a round trip |
   *
   * **Errors** `TypeError` for `'local'` with `mayEnd`.
   */
  readonly order?: 'stream' | 'local' | undefined;
  /**
   * Which events of the stream this bus wants, for the life of the upstream. It delivers no others, also none that it has published itself; the
   * bindings of all sessions are learned. Default: every event.
   *
   * **Details** From version 2.12.4 on, the server sends only what may match by `connectorUid`, `scrollId` and `kind`, alone or joined by `and`, and
   * by `or` if no event can match two of its parts. Everything else is decided when it arrives. With a filter, a loss is told as a gap with `atMost`.
   *
   * **Errors** `InvalidFilterError` or `InvalidUuidError` for a bad filter, `TypeError` for one with a `where`: give that to a receiver.
   */
  readonly filter?: EventFilter<E> | undefined;
  /** The most messages that are read ahead of the bus, 1 to 2^31 - 1. Default 256, as the capacity of a receiver. */
  readonly window?: number | undefined;
  /**
   * Makes the reader wait: it is called after at most half of `window` events, and the reader takes at most `window` events more than had
   * come when the last call that resolved was made. With `() => bus.flush(EventFilter.all, { waitFor: [archive] })`, the receiver
   * `archive` loses nothing if its capacity is at least `window`, and what it is too slow for stays on the server. Default: the reader never waits.
   *
   * **Gotchas** Call `bus.flush` before any `await`. Then the flush does not wait for events of this bus that the reader has still to bring.
   *
   * **Errors** If it throws or rejects, the bus ends with this error.
   */
  readonly waitFor?: (() => PromiseLike<unknown>) | undefined;
  /** The most events that are published and not stored yet, 1 to 2^31 - 1. One more throws `OutboxFullError`; see `order`. Default 4,096. */
  readonly maxPending?: number | undefined;
  /**
   * The most that these events may have together, in characters as they are written, 1 to 2^31 - 1. An event that is longer on its own is
   * taken if no other one waits. Default 67,108,864.
   */
  readonly maxPendingLength?: number | undefined;
  /** The most events that are sent and not acknowledged, 1 to 2^31 - 1. Default 256. */
  readonly maxInFlight?: number | undefined;
  /** After this many milliseconds without an acknowledgement, an event is sent again, with the same id. 1 to 2^31 - 1, default 2,000. */
  readonly ackTimeoutMs?: number | undefined;
  /**
   * An event that has got no acknowledgement for this many milliseconds, while connected, is given up. 1 to 2^31 - 1. Default: half of the
   * stream's duplicate window, after which it could be stored twice.
   */
  readonly giveUpMs?: number | undefined;
  /**
   * Idle time after which the server says that it is there, in milliseconds, 500 to 10,000. After three of these times without a sign of
   * the server the reader begins anew. Default 1,000.
   */
  readonly heartbeatMs?: number | undefined;
  /**
   * An id of your own for an event, unique in the stream for at least its duplicate window. An event that a process publishes again after a
   * crash is then stored once. It must answer at once. Default: an id of this run of the process.
   */
  readonly idOf?: ((busEvent: BusEvent<E>) => string) | undefined;
  /**
   * What is kept in order: events with the same lane are stored in the order in which they were published here. It must answer at once.
   * Default: the connector id and session id, or those that it registers; without both, the connector's UUID; without all, one lane.
   */
  readonly laneOf?: ((busEvent: BusEvent<E>) => string) | undefined;
  /** As the option of the bus: which payloads are registrations. Default: reads `SessionRegistered`. */
  readonly bindingOf?: ((event: E) => ScrollBinding | undefined) | undefined;
  /** Turns an event into a value that JSON can hold. It must answer at once. Default: its routing, origin, payload and time. */
  readonly serialize?: ((busEvent: BusEvent<E>) => unknown) | undefined;
  /**
   * Turns that value into an event. It must answer at once. If it throws, the event is a gap of one. Default: the value as it is; the bus
   * checks the envelope, and nothing checks the payload.
   */
  readonly parse?: ((value: unknown) => BusEvent<E>) | undefined;
  /** Accepts a stream that is in the memory of the servers, and is lost with them. Default `false`: such a stream is refused. */
  readonly allowMemory?: boolean | undefined;
  /** Accepts a connection with bounded reconnects. The bus ends with it. Default `false`: such a connection is refused. */
  readonly mayEnd?: boolean | undefined;
}

export const JET_STREAM_UPSTREAM_OPTIONS: OptionNames<JetStreamUpstreamOptions> = {
  connection: true,
  stream: true,
  node: true,
  prefix: true,
  domain: true,
  order: true,
  filter: true,
  window: true,
  waitFor: true,
  maxPending: true,
  maxPendingLength: true,
  maxInFlight: true,
  ackTimeoutMs: true,
  giveUpMs: true,
  heartbeatMs: true,
  idOf: true,
  laneOf: true,
  bindingOf: true,
  serialize: true,
  parse: true,
  allowMemory: true,
  mayEnd: true,
};

/** Options of `ensureStream`. */
export interface EnsureStreamOptions {
  /** The name of the stream: no white space, and none of `. * > / \`. */
  readonly stream: string;
  /** The first tokens of all subjects: `A-Z a-z 0-9 _ -`, separated by dots, at most 64 characters. Default `'bus'`. */
  readonly prefix?: string | undefined;
  /** The JetStream domain, if the servers have one. Default: none. */
  readonly domain?: string | undefined;
  /** How many servers keep each event, 1 to 5. Default 1. */
  readonly replicas?: number | undefined;
  /** The most bytes to keep, from 1; the oldest events go first. Default: no limit. */
  readonly maxBytes?: number | undefined;
  /** How long to keep an event, in milliseconds, from 30,000. Default: no limit. */
  readonly maxAgeMs?: number | undefined;
  /** How long the server remembers the ids of events, in milliseconds, from 30,000, at most `maxAgeMs`. Default 120,000, or `maxAgeMs` if less. */
  readonly duplicateWindowMs?: number | undefined;
}

export const ENSURE_STREAM_OPTIONS: OptionNames<EnsureStreamOptions> = {
  stream: true,
  prefix: true,
  domain: true,
  replicas: true,
  maxBytes: true,
  maxAgeMs: true,
  duplicateWindowMs: true,
};
