import type { BusEvent } from '../index.js';
import { busEvent, type BusEventFields, definedFields } from './busEvent.js';

/**
 * Makes the event that binds a session to a scroll: a `SessionRegistered` of kind `session-lifecycle` and origin `connector`.
 *
 * **Details** Its routing has no ids except those in `fields`. A bus adds the scroll id to the routing of the event that it delivers.
 *
 * @param connectorId The connector's name.
 * @param sessionId The agent's own id of the session.
 * @param scrollId The UUID of the scroll.
 * @param fields Fields of the envelope that differ from the defaults. See {@link BusEventFields}.
 * @returns The event, ready to publish.
 * @throws TypeError if `fields` is not an object or has an unknown field.
 */
export function sessionRegistered(
  connectorId: string,
  sessionId: string,
  scrollId: string,
  fields: BusEventFields = {},
): BusEvent {
  return busEvent(
    { type: 'SessionRegistered', connectorId, sessionId, scrollId },
    { kind: 'session-lifecycle', origin: 'connector', ...definedFields('sessionRegistered: fields', fields) },
  );
}
