import { EventFilter } from 'sharing-bus';
import { parseEventFilter, ValidationError } from 'sharing-bus/schema';

/** What the form says. */
export interface Choices {
  readonly kinds: readonly string[];
  readonly origins: readonly string[];
  readonly connectorId: string;
  readonly nativeSessionId: string;
  /** Whether all of the parts have to be true, or any of them. */
  readonly join: 'and' | 'or';
  /** Whether everything else is meant. */
  readonly isInverted: boolean;
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

export const ORIGINS = ['agent', 'user', 'connector', 'runtime'] as const;

/** The filter that the form stands for; with nothing chosen, everything. */
export function compose(choices: Choices): EventFilter {
  const { connectorId, isInverted, join, kinds, nativeSessionId, origins } = choices;
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
  const [only = EventFilter.all] = parts;
  const whole = parts.length < 2 ? only : EventFilter[join](...parts);
  return isInverted && parts.length > 0 ? EventFilter.not(whole) : whole;
}

export type Reading = { readonly filter: EventFilter<unknown> } | { readonly problems: readonly string[] };

/** Reads a filter from what somebody wrote. */
export function readFilter(text: string): Reading {
  try {
    return { filter: parseEventFilter(JSON.parse(text)) };
  } catch (error) {
    if (error instanceof ValidationError) {
      return { problems: error.issues.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`)) };
    }
    return { problems: [error instanceof Error ? `This is no JSON: ${error.message}` : String(error)] };
  }
}
