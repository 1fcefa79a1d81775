/**
 * Where an upstream stands.
 *
 * - `live`: events are stored and brought.
 * - `disconnected`: there is no connection to a server. Events that are published wait.
 * - `reopening`: there is a connection, and nothing is brought yet. Also before the upstream has a bus.
 * - `full`: as many events as `maxPending` wait, or as long as `maxPendingLength`, and `publish` refuses more. With the order `local`, further
 *   events are not forwarded, until half of what waits is stored.
 * - `retrying`: the server has refused events, other than to keep the order of a session, or has not answered. They are sent again.
 * - `ended`: the upstream or its bus is closed, or the connection has ended.
 */
export type JetStreamStatus = 'live' | 'disconnected' | 'reopening' | 'full' | 'retrying' | 'ended';

/** Counts of an upstream, from its beginning. */
export interface JetStreamStats {
  /** Events that were taken over from the bus. */
  readonly published: number;
  /** Events of these that are stored. */
  readonly stored: number;
  /** Events of these that were given up. */
  readonly failed: number;
  /** Events of these that were not forwarded, since the outbox was full: no other bus gets them. Always 0 with the order `stream`. */
  readonly notForwarded: number;
  /** Events of these that are neither stored, nor given up, nor counted as not forwarded. */
  readonly pending: number;
  /** Events of these that are on their way now: sent, and not acknowledged. Those that wait to be sent again are not among them. */
  readonly inFlight: number;
  /**
   * How often an event was sent again: after an error or without an answer, and also if another process stored a message where events of a session
   * were to be stored right behind each other.
   */
  readonly retried: number;
  /** Messages that were read. */
  readonly received: number;
  /** Messages of these that were stored twice, and were brought once. */
  readonly doubles: number;
  /** Messages of these that were no events. Each was a gap of one. */
  readonly invalid: number;
  /** Events of these that the option `filter` leaves out, registrations among them. With the order `local`, without those of this bus. */
  readonly unwanted: number;
  /** Gaps that were found in the stream, and those that publishers have told. */
  readonly gaps: number;
  /** How often the reader got a new consumer. */
  readonly reopened: number;
}
