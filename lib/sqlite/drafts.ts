import type { BusEvent } from '../events/BusEvent.js';
import { canonicalUuid } from '../events/Uuid.js';
import { show } from '../internal/support/show.js';
import type { ScrollBinding } from '../events/BusEvent.js';
import { UnserializableEventError } from './errors.js';
import type { Settings } from './options.js';

/** The longest text of a payload: SQLite stores at most 10^9 bytes, and a character of JavaScript takes up to three. */
const LONGEST = 333_000_000;

/** An event that is ready to be written. */
export interface Draft<E> {
  /** The event, with the time `at`. */
  readonly busEvent: BusEvent<E>;
  readonly at: number;
  readonly payload: string;
  readonly more: string | null;
  readonly binding: ScrollBinding | undefined;
}

type Fields = Record<string, unknown>;

/** @throws UnserializableEventError if the event cannot be written as text. */
export function draftOf<E>(busEvent: BusEvent<E>, { serialize, bindingOf }: Settings<E>): Draft<E> {
  const { event } = busEvent;
  const at = busEvent.at ?? Date.now();
  const { routing } = busEvent;
  const payload = textOf(routing.kind, event, () => serialize(event));
  const [others, otherRouting] = [otherFields(busEvent, isKnown), otherFields(routing, isKnownRouting)];
  return {
    // The fields are named, so that getters of a class are copied, too.
    busEvent: busEvent.at === undefined ? { ...busEvent, routing, origin: busEvent.origin, event, at } : busEvent,
    at,
    payload,
    more:
      others === undefined && otherRouting === undefined
        ? null
        : textOf(routing.kind, busEvent, () => JSON.stringify([others ?? {}, otherRouting ?? {}])),
    binding: bindingIn(event, bindingOf),
  };
}

/** The inverse of what `more` was made from. */
export function moreOf(more: string | null): readonly [Fields, Fields] | undefined {
  return more === null ? undefined : (JSON.parse(more) as [Fields, Fields]);
}

function textOf(kind: string, value: unknown, write: () => unknown): string {
  const refuse = (reason: string, options?: ErrorOptions): never => {
    throw new UnserializableEventError(value, `${reason}; its kind is ${show(kind)}`, options);
  };
  let text: unknown;
  try {
    text = write();
  } catch (error) {
    return refuse(`writing it as text threw ${show(error)}`, { cause: error });
  }
  if (typeof text !== 'string') {
    return refuse(`as text it is ${show(text)}; a text is needed`);
  }
  if (text.length > LONGEST) {
    return refuse(`as text it has ${text.length} characters; at most ${LONGEST} can be kept`);
  }
  return text;
}

function isKnown(name: string): boolean {
  return name === 'routing' || name === 'origin' || name === 'event' || name === 'at' || name === 'seq';
}

function isKnownRouting(name: string): boolean {
  switch (name) {
    case 'scrollId':
    case 'connectorUid':
    case 'connectorId':
    case 'nativeSessionId':
    case 'kind':
      return true;
    default:
      return false;
  }
}

/** The fields that an application has added; `undefined` if there are none. */
function otherFields(value: object, isOwn: (name: string) => boolean): Fields | undefined {
  let others: Fields | undefined;
  // Not `Object.keys`, which makes an array for each event.
  for (const name in value) {
    if (!isOwn(name) && Object.hasOwn(value, name)) {
      others ??= {};
      others[name] = (value as Fields)[name];
    }
  }
  return others;
}

/** The bus logs what is wrong with a registration. Here, such an event registers nothing. */
function bindingIn<E>(event: E, bindingOf: Settings<E>['bindingOf']): ScrollBinding | undefined {
  try {
    const binding: unknown = bindingOf(event);
    if (typeof binding !== 'object' || binding === null) {
      return undefined;
    }
    const { connectorId, sessionId, scrollId } = binding as Record<keyof ScrollBinding, unknown>;
    const canonical = canonicalUuid(scrollId);
    return canonical !== undefined && typeof connectorId === 'string' && typeof sessionId === 'string'
      ? { connectorId, sessionId, scrollId: canonical }
      : undefined;
  } catch {
    return undefined;
  }
}
