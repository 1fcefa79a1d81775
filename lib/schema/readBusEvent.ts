import type { BusEvent, EventRouting } from '../events/BusEvent.js';
import type { Event } from '../events/Event.js';
import { canonicalUuid, type Uuid } from '../events/Uuid.js';
import { type Check, compile, hasPrototypeKey, isHarmless } from './compile.js';
import { eventShapes, unknownEvent } from './eventSchema.js';
import { parseBusEvent } from './parseBusEvent.js';

type Fields = Readonly<Record<string, unknown>>;
type Mutable<T> = { -readonly [K in keyof T]: T[K] };

const checks: ReadonlyMap<unknown, Check> = new Map(
  Object.entries(eventShapes).flatMap(([type, shape]): [string, Check][] => {
    const check = compile(shape);
    return check === undefined ? [] : [[type, check]];
  }),
);
const unknownCheck: Check = compile(unknownEvent) ?? (() => false);

/**
 * Does what {@link parseBusEvent} does, for a value that was just made by `JSON.parse` and that nothing else refers to: the payload is
 * not copied. What the quick checks do not accept is parsed with the schema, which decides, and says what is wrong.
 *
 * @throws ValidationError as `parseBusEvent` does.
 */
export function readBusEvent(value: unknown): BusEvent {
  return quickly(value) ?? parseBusEvent(value);
}

function quickly(value: unknown): BusEvent | undefined {
  if (!isObject(value) || hasPrototypeKey(value)) {
    return undefined;
  }
  const { routing: given, origin, event, at } = value;
  if (!isObject(given) || typeof origin !== 'string' || !isObject(event) || !isHarmless(event) || !isMaybeTime(at)) {
    return undefined;
  }
  const check = checks.get(event['type']) ?? unknownCheck;
  const routing = check(event) ? routingOf(given) : undefined;
  const known = routing && { routing, origin, event: event as unknown as Event };
  return known === undefined || at === undefined ? known : { ...known, at };
}

function routingOf(given: Fields): EventRouting | undefined {
  const { scrollId, connectorUid, connectorId, nativeSessionId, kind } = given;
  if (
    typeof kind !== 'string' ||
    !isMaybeText(connectorId) ||
    !isMaybeText(nativeSessionId) ||
    hasPrototypeKey(given)
  ) {
    return undefined;
  }
  const [scroll, connector] = [maybeUuid(scrollId), maybeUuid(connectorUid)];
  if (scroll === false || connector === false) {
    return undefined;
  }
  if (scroll !== undefined && connector !== undefined && connectorId !== undefined && nativeSessionId !== undefined) {
    return { scrollId: scroll, connectorUid: connector, connectorId, nativeSessionId, kind };
  }
  const routing: Partial<Mutable<EventRouting>> = {};
  if (scroll !== undefined) {
    routing.scrollId = scroll;
  }
  if (connector !== undefined) {
    routing.connectorUid = connector;
  }
  if (connectorId !== undefined) {
    routing.connectorId = connectorId;
  }
  if (nativeSessionId !== undefined) {
    routing.nativeSessionId = nativeSessionId;
  }
  routing.kind = kind;
  return routing as EventRouting;
}

/** The canonical id; `undefined` if there is none, `false` if it is not a UUID. */
function maybeUuid(value: unknown): Uuid | undefined | false {
  if (value === undefined) {
    return undefined;
  }
  return typeof value === 'string' && (canonicalUuid(value) ?? false);
}

function isMaybeTime(value: unknown): value is number | undefined {
  return value === undefined || (typeof value === 'number' && Number.isFinite(value));
}

function isMaybeText(value: unknown): value is string | undefined {
  return value === undefined || typeof value === 'string';
}

function isObject(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
