import { EventFilter } from 'sharing-bus';
import { parseEventFilter, ValidationError } from 'sharing-bus/schema';

/** The state of the form. */
export interface Choices {
  readonly kinds: readonly string[];
  readonly origins: readonly string[];
  readonly connectorId: string;
  readonly nativeSessionId: string;
  /** How many of the conditions an event has to match. */
  readonly match: (typeof MATCHES)[number];
}

export const KINDS = [
  'user-message',
  'agent-message',
  'agent-thought',
  'tool-call',
  'tool-call-update',
  'plan',
  'permission',
  'usage',
  'session-lifecycle',
  'session-config',
  'system',
] as const;

export const MATCHES = ['all', 'any', 'none'] as const;

export const ORIGINS = ['agent', 'user', 'connector', 'runtime'] as const;

/** The filter of the form. Without a condition, it matches every event. */
export function compose(choices: Choices): EventFilter {
  const { connectorId, kinds, match, nativeSessionId, origins } = choices;
  const parts: EventFilter[] = [];
  if (kinds.length > 0) {
    parts.push(EventFilter.kind(...kinds));
  }
  if (origins.length > 0) {
    parts.push(EventFilter.origin(...origins));
  }
  if (connectorId !== '' && nativeSessionId !== '') {
    parts.push(EventFilter.session(connectorId, nativeSessionId));
  } else if (connectorId !== '') {
    parts.push(EventFilter.connectorId(connectorId));
  }
  const [only] = parts;
  if (only === undefined) {
    return EventFilter.all;
  }
  const whole = parts.length === 1 ? only : match === 'all' ? EventFilter.and(...parts) : EventFilter.or(...parts);
  return match === 'none' ? EventFilter.not(whole) : whole;
}

export type Reading = { readonly filter: EventFilter<unknown> } | { readonly problems: readonly string[] };

/** Parses the JSON of a filter. */
export function readFilter(text: string): Reading {
  try {
    return { filter: parseEventFilter(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof ValidationError) {
      return { problems: error.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)) };
    }
    return { problems: [error instanceof Error ? `This is not JSON: ${error.message}` : String(error)] };
  }
}
