import type { BusEvent, EventRouting } from '../../lib/index.js';

/** An event whose payload is `payload`, so that a list of what arrived reads like a list of words. */
export function event<E>(payload: E, routing: Partial<EventRouting> = {}): BusEvent<E> {
  return { routing: { kind: 'test', ...routing }, origin: 'runtime', event: payload };
}

/** A `SessionRegistered` event. Its routing says what `routing` says, and no more. */
export function registration(
  connectorId: string,
  sessionId: string,
  scrollId: string,
  routing: Partial<EventRouting> = {},
): BusEvent {
  return {
    routing: { kind: 'session-lifecycle', ...routing },
    origin: 'connector',
    event: { type: 'SessionRegistered', connectorId, sessionId, scrollId },
  };
}

/** UUIDs that differ in their last digit. */
export function uuid(digit: number): string {
  return `00000000-0000-4000-8000-00000000000${digit.toString(16)}`;
}
