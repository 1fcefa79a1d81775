import { show } from '../internal/support/show.js';
import type { Event } from './Event.js';
import { canonicalUuid, type Uuid } from './Uuid.js';

/**
 * What an event is about, as one word that a filter can select. The list is open: an application can add its own kinds.
 */
export type EventKind =
  | 'system'
  | 'session-lifecycle'
  | 'user-message'
  | 'agent-message'
  | 'agent-thought'
  | 'tool-call'
  | 'tool-call-update'
  | 'plan'
  | 'permission'
  | 'usage'
  | 'session-config'
  | 'compaction'
  | (string & {});

/** What caused an event. The list is open: an application can add its own origins. */
export type EventOrigin = 'runtime' | 'connector' | 'agent' | 'user' | (string & {});

/** Where an event belongs: its session, connector and kind. A field that is absent or `undefined` is not known yet. */
export interface EventRouting {
  /** The UUID of the scroll, the process's own transcript of the session. The bus fills it in if it knows the session's scroll. */
  readonly scrollId?: Uuid | undefined;
  /** The connector's own UUID. */
  readonly connectorUid?: Uuid | undefined;
  /** The connector's name. An empty string is a name like any other. */
  readonly connectorId?: string | undefined;
  /** The agent's own id of the session. An empty string is an id like any other. */
  readonly nativeSessionId?: string | undefined;
  /** What the event is about. */
  readonly kind: EventKind;
}

/** What you publish on a bus and get from it: a payload in an envelope. The bus uses the envelope and passes the payload on as it is. */
export interface BusEvent<E = Event> {
  /** Where the event belongs. Filters and the bus compare these fields. */
  readonly routing: EventRouting;
  /** What caused the event. */
  readonly origin: EventOrigin;
  /** The payload. Only `bindingOf`, `where` filters and other functions of the application read it. */
  readonly event: E;
  /**
   * When it happened, in milliseconds since 1970-01-01T00:00:00Z, as `Date.now()` counts. Any finite number. The bus never sets or reads it:
   * it passes it on as it is. An upstream that keeps events sets it where it is missing.
   */
  readonly at?: number | undefined;
  /**
   * The number of the event, set by a bus with a history: 1 for its first event, then without holes; or by its upstream, whose numbers may
   * have holes. It has no meaning in `publish`.
   */
  readonly seq?: number | undefined;
}

/** What a registration says: this native session of this connector belongs to this scroll. */
export interface ScrollBinding {
  readonly connectorId: string;
  readonly sessionId: string;
  /** A UUID in any spelling. */
  readonly scrollId: string;
}

/** Thrown if a value is not a valid event. Nothing has been published then, and the bus goes on. */
export class InvalidBusEventError extends TypeError {
  override readonly name = 'InvalidBusEventError';

  /**
   * @param field The path of the invalid field, such as `routing.scrollId`.
   * @param reason What is wrong with the field, with its value.
   * @param options `cause` is the underlying error, if there is one.
   */
  constructor(
    readonly field: string,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`${field}: ${reason}`, options);
  }
}

/** Texts that are already known to be canonical UUIDs. */
export interface KnownIds {
  /** Whether `text` is known to be one. */
  knows(field: 'scrollId' | 'connectorUid', text: string): boolean;
  /** Called with a canonical UUID that was not known. */
  note(id: Uuid): void;
}

/**
 * Validates `busEvent`. Returns it unchanged if its ids are canonical, else a copy of its envelope with canonical ids.
 *
 * Each field is read once. If a getter throws, the error names its field.
 *
 * @param known Consulted before an id is parsed.
 * @throws InvalidBusEventError for a malformed event.
 */
export function canonicalBusEvent<E>(busEvent: BusEvent<E>, known?: KnownIds): BusEvent<E> {
  // Set before each read, so that the error for a getter that throws names its field.
  let field = 'busEvent';
  try {
    if (typeof (busEvent as unknown) !== 'object' || (busEvent as unknown) === null) {
      throw mustBe('an object', field, busEvent);
    }
    field = 'routing';
    const { routing } = busEvent;
    if (typeof (routing as unknown) !== 'object' || (routing as unknown) === null) {
      throw mustBe('an object', field, routing);
    }
    field = 'routing.kind';
    const { kind } = routing;
    if (typeof kind !== 'string') {
      throw mustBe('a string', field, kind);
    }
    field = 'routing.scrollId';
    const { scrollId } = routing;
    const canonicalScrollId = scrollId === undefined ? undefined : requireUuid(scrollId, 'scrollId', known);
    field = 'routing.connectorUid';
    const { connectorUid } = routing;
    const canonicalConnectorUid =
      connectorUid === undefined ? undefined : requireUuid(connectorUid, 'connectorUid', known);
    field = 'routing.connectorId';
    const { connectorId } = routing;
    if (connectorId !== undefined && typeof connectorId !== 'string') {
      throw mustBe('a string', field, connectorId);
    }
    field = 'routing.nativeSessionId';
    const { nativeSessionId } = routing;
    if (nativeSessionId !== undefined && typeof nativeSessionId !== 'string') {
      throw mustBe('a string', field, nativeSessionId);
    }
    field = 'origin';
    const { origin } = busEvent;
    if (typeof origin !== 'string') {
      throw mustBe('a string', field, origin);
    }
    field = 'at';
    const { at } = busEvent;
    // `Number.isFinite` is false for everything but a number.
    if (at !== undefined && !Number.isFinite(at)) {
      throw mustBe('a finite number', field, at);
    }
    field = 'event';
    // Any payload will do. It is read, since a getter may throw.
    const { event: _event } = busEvent;
    return canonicalScrollId === scrollId && canonicalConnectorUid === connectorUid
      ? busEvent
      : withIds(busEvent, canonicalScrollId, canonicalConnectorUid);
  } catch (error) {
    if (error instanceof InvalidBusEventError) {
      throw error;
    }
    throw new InvalidBusEventError(field, `reading it threw ${show(error)}`, { cause: error });
  }
}

/** Returns a copy of the envelope with these ids. The payload is the same object. */
export function withIds<E>(
  busEvent: BusEvent<E>,
  scrollId: Uuid | undefined,
  connectorUid: Uuid | undefined,
): BusEvent<E> {
  const { routing, origin, event, at } = busEvent;
  const changed = routingWith(routing, scrollId, connectorUid);
  // The fields are named, as in `routingWith`.
  return at === undefined
    ? { ...busEvent, routing: changed, origin, event }
    : { ...busEvent, routing: changed, origin, event, at };
}

function routingWith(routing: EventRouting, scrollId: Uuid | undefined, connectorUid: Uuid | undefined): EventRouting {
  const { connectorId, nativeSessionId, kind } = routing;
  if (scrollId !== undefined && connectorUid === routing.connectorUid && isPlain(routing)) {
    // In V8, adding a field to a copy that the original lacks takes ten times as long. So the literal is written out for known fields,
    const fields = Object.keys(routing).length;
    if (connectorId !== undefined && nativeSessionId !== undefined && routing.scrollId === undefined) {
      if (connectorUid === undefined && fields === 3) {
        return { scrollId, connectorId, nativeSessionId, kind };
      }
      if (connectorUid !== undefined && fields === 4) {
        return { scrollId, connectorUid, connectorId, nativeSessionId, kind };
      }
    }
    // and otherwise the field is added before the others.
    const copy = { scrollId, ...routing };
    copy.scrollId = scrollId;
    return copy;
  }
  // The fields are named, so that getters of a class are copied, too.
  return {
    ...routing,
    ...(scrollId !== undefined && { scrollId }),
    ...(connectorUid !== undefined && { connectorUid }),
    ...(connectorId !== undefined && { connectorId }),
    ...(nativeSessionId !== undefined && { nativeSessionId }),
    kind,
  };
}

function isPlain(value: object): boolean {
  return Object.getPrototypeOf(value) === Object.prototype;
}

function mustBe(what: string, field: string, value: unknown): InvalidBusEventError {
  return new InvalidBusEventError(field, `must be ${what}, got ${show(value)}`);
}

function requireUuid(value: unknown, field: 'scrollId' | 'connectorUid', known: KnownIds | undefined): Uuid {
  if (typeof value !== 'string') {
    throw mustBe('a string', `routing.${field}`, value);
  }
  if (known?.knows(field, value) === true) {
    return value;
  }
  const uuid = canonicalUuid(value);
  if (uuid === undefined) {
    throw mustBe('a UUID', `routing.${field}`, value);
  }
  known?.note(uuid);
  return uuid;
}
