import { show } from '../internal/support/show.js';
import type { Event } from './Event.js';
import { canonicalUuid, type Uuid } from './Uuid.js';

/**
 * What an event is about, in one word that filters can ask for. The list is open: an application adds its own.
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
  | (string & {});

/** Who caused an event. The list is open: an application adds its own. */
export type EventOrigin = 'runtime' | 'connector' | 'agent' | 'user' | (string & {});

/** Where an event belongs. A field that is absent, or `undefined`, is not known yet. */
export interface EventRouting {
  /** The scroll that keeps the session; the bus fills it in where it knows the binding. */
  readonly scrollId?: Uuid | undefined;
  /** The connector's own UUID. */
  readonly connectorUid?: Uuid | undefined;
  /** The connector's name. An empty string is a name. */
  readonly connectorId?: string | undefined;
  /** The agent's own id of the session. An empty string is an id. */
  readonly nativeSessionId?: string | undefined;
  readonly kind: EventKind;
}

/** The envelope that travels on the bus: routing, origin, and a payload that the bus does not look into. */
export interface BusEvent<E = Event> {
  readonly routing: EventRouting;
  readonly origin: EventOrigin;
  readonly event: E;
  /** Its number, from 1 on without holes, where it comes from a bus with a history; of no meaning in `publish`. */
  readonly seq?: number | undefined;
}

/** Thrown where an event is not one that a bus can carry. Nothing has happened when it is thrown. */
export class InvalidBusEventError extends TypeError {
  override readonly name = 'InvalidBusEventError';

  /**
   * @param field The path of the field at fault, such as `routing.scrollId`.
   * @param reason What is wrong with it, with the value.
   * @param options The error behind this one, where there is one.
   */
  constructor(
    readonly field: string,
    reason: string,
    options?: { cause?: unknown },
  ) {
    super(`${field}: ${reason}`, options);
  }
}

/** Who knows of some ids that they are canonical UUIDs. */
export interface KnownIds {
  knows(id: string): boolean;
}

/**
 * `busEvent` itself where all of it is canonical, else a copy of its envelope with canonical ids.
 *
 * Each field is read once; what a getter throws is reported as the fault of its field.
 *
 * @param known Asked before an id is looked at.
 */
export function canonicalBusEvent<E>(busEvent: BusEvent<E>, known?: KnownIds): BusEvent<E> {
  // Set before each read, so that a getter that throws is told by its field.
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
    const canonicalScrollId = scrollId === undefined ? undefined : requireUuid(scrollId, field, known);
    field = 'routing.connectorUid';
    const { connectorUid } = routing;
    const canonicalConnectorUid = connectorUid === undefined ? undefined : requireUuid(connectorUid, field, known);
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

/** A copy of the envelope with these ids; the payload is the same object. */
export function withIds<E>(
  busEvent: BusEvent<E>,
  scrollId: Uuid | undefined,
  connectorUid: Uuid | undefined,
): BusEvent<E> {
  const { routing, origin, event } = busEvent;
  return { ...busEvent, routing: routingWith(routing, scrollId, connectorUid), origin, event };
}

function routingWith(routing: EventRouting, scrollId: Uuid | undefined, connectorUid: Uuid | undefined): EventRouting {
  const { connectorId, nativeSessionId, kind } = routing;
  if (scrollId !== undefined && connectorUid === routing.connectorUid && isPlain(routing)) {
    // V8 takes ten times as long to give a copy a field that the original lacks. So the whole is written out where it is known,
    const fields = Object.keys(routing).length;
    if (connectorId !== undefined && nativeSessionId !== undefined && routing.scrollId === undefined) {
      if (connectorUid === undefined && fields === 3) {
        return { scrollId, connectorId, nativeSessionId, kind };
      }
      if (connectorUid !== undefined && fields === 4) {
        return { scrollId, connectorUid, connectorId, nativeSessionId, kind };
      }
    }
    // and else the field is there before the others come.
    const copy = { scrollId, ...routing };
    copy.scrollId = scrollId;
    return copy;
  }
  // The fields are named, so that those of a class that are getters come along.
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

function requireUuid(value: unknown, field: string, known: KnownIds | undefined): Uuid {
  if (typeof value !== 'string') {
    throw mustBe('a string', field, value);
  }
  if (known?.knows(value) === true) {
    return value;
  }
  const uuid = canonicalUuid(value);
  if (uuid === undefined) {
    throw mustBe('a UUID', field, value);
  }
  return uuid;
}
