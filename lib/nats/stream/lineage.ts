import type { StreamConfig } from '@nats-io/jetstream';
import { headers, type NatsConnection } from '@nats-io/nats-core';
import { newUuid } from '../../events/Uuid.js';
import { CODES, codeOf, infoOf, type Access } from './streamConfig.js';
import { escape, digest, markerSubject } from './subjects.js';

/**
 * A message that says: the end of the stream was lost, and what follows has places that other events had before. All processes begin a new
 * epoch there. See docs/decisions.md, D-097.
 */
export interface Marker {
  readonly seq: number;
  readonly id: string;
}

/** A stream as the server describes it. */
export interface StreamNow {
  /** When it was made. A stream that is made again differs. */
  readonly created: string;
  readonly firstSeq: number;
  readonly lastSeq: number;
  /** When the last message was stored, in nanoseconds since 1970. `undefined` if there is none, or if the text cannot be read. */
  readonly lastNanos: string | undefined;
  readonly marker: Marker | undefined;
  readonly config: StreamConfig;
  /** Whether one server keeps it, which is in no cluster. */
  readonly isAlone: boolean;
}

export interface StreamPlace {
  readonly access: Access;
  readonly connection: NatsConnection;
  readonly stream: string;
  readonly prefix: string;
}

/** Asks the server for the state of the stream. */
export async function readStream(place: StreamPlace): Promise<StreamNow> {
  const { config, created, state, cluster } = await infoOf(place.access, place.stream);
  const lastNanos = state.last_seq === 0 ? undefined : nanosOf(state.last_ts);
  const marker = await readMarker(place);
  // From 2.10 on, a server that is in no cluster names a leader, too, but no cluster.
  const isAlone = (cluster?.name ?? '') === '';
  return { created, firstSeq: state.first_seq, lastSeq: state.last_seq, lastNanos, marker, config, isAlone };
}

async function readMarker(place: StreamPlace): Promise<Marker | undefined> {
  const found = await stored(place, { last_by_subj: markerSubject(place.prefix) });
  return found === null ? undefined : { seq: found.seq, id: markerIdOf(found.string()) };
}

/** The text of a marker. Anything may be stored there, but an id is short and plain. */
export function markerIdOf(text: string): string {
  return digest(escape(text));
}

async function stored(
  { access, stream }: StreamPlace,
  query: { last_by_subj: string } | { seq: number },
): ReturnType<Access['manager']['streams']['getMessage']> {
  try {
    return await access.manager.streams.getMessage(stream, query);
  } catch (error) {
    if (codeOf(error) === CODES.messageNotFound) {
      return null;
    }
    throw error;
  }
}

/** The epoch of the places of a stream, the same at all processes. */
export function epochOf(stream: string, created: string, marker: Marker | undefined): string {
  return digest([stream, created, marker?.id ?? ''].map(escape).join('.'));
}

/** When the message with this place was stored. `undefined` if it is not there any more, or if the text cannot be read. */
export async function nanosAt(place: StreamPlace, seq: number): Promise<string | undefined> {
  const found = await stored(place, { seq });
  return found === null ? undefined : nanosOf(found.timestamp);
}

/**
 * Stores a marker, unless another process has stored one after `last`.
 *
 * @throws What the client says. The caller reads the stream again in any case.
 */
export async function mark({ connection, stream, prefix }: StreamPlace, last: Marker | undefined): Promise<void> {
  const expected = headers();
  expected.set('Nats-Expected-Stream', stream);
  expected.set('Nats-Expected-Last-Subject-Sequence', String(last?.seq ?? 0));
  const answer = await connection.request(markerSubject(prefix), newUuid(), { headers: expected, timeout: 5_000 });
  const { error } = answer.json<{ error?: { err_code?: number; description?: string } }>();
  if (
    error !== undefined &&
    error.err_code !== CODES.wrongLastSequence &&
    error.err_code !== CODES.wrongLastSequenceUnknown
  ) {
    throw new Error(`storing an epoch marker: ${error.description ?? ''}`);
  }
}

/** Nanoseconds since 1970 of a time in RFC 3339, as the server writes it: in UTC. */
export function nanosOf(time: string): string | undefined {
  const [, seconds, fraction = ''] = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/.exec(time) ?? [];
  const millis = Date.parse(`${seconds ?? ''}Z`);
  return Number.isNaN(millis) ? undefined : `${millis / 1_000}${fraction.padEnd(9, '0')}`;
}

/** The time in RFC 3339 that is so many nanoseconds after the beginning of 1970. */
export function timeOf(nanos: bigint): string {
  const [seconds] = new Date(Number(nanos / 1_000_000_000n) * 1_000).toISOString().split('.');
  return `${seconds ?? ''}.${String(nanos % 1_000_000_000n).padStart(9, '0')}Z`;
}
