import type { BusEvent } from '../index.js';
import { busEvent, type BusEventFields, toldFields } from './busEvent.js';

/**
 * The event that binds a session to a scroll: a `SessionRegistered` of kind `session-lifecycle` and origin `connector`.
 *
 * **Details** Its routing has no ids, but those of `fields`. What a bus delivers has the scroll id in its routing, too.
 *
 * @param connectorId The connector's name.
 * @param sessionId The agent's own id of the session.
 * @param scrollId The UUID of the scroll.
 * @param fields What is to be otherwise. See {@link BusEventFields}.
 */
export function sessionRegistered(
  connectorId: string,
  sessionId: string,
  scrollId: string,
  fields: BusEventFields = {},
): BusEvent {
  return busEvent(
    { type: 'SessionRegistered', connectorId, sessionId, scrollId },
    { kind: 'session-lifecycle', origin: 'connector', ...toldFields('sessionRegistered: fields', fields) },
  );
}
