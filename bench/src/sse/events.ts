import { type BusEvent, newUuid } from '../library.js';

const SESSION = {
  scrollId: newUuid(),
  connectorUid: newUuid(),
  connectorId: 'claude-code',
  nativeSessionId: 'sess_01JQ7Z6X5T0WEXAMPLE',
};
const TEXT = 'The test fails since the second reader begins before the first one has left its place in the queue. ';

/** An event of about 400 bytes as JSON, with the ids that real ones have. Its strings are new, as if from a parser. */
export function eventOf(n: number, kind: string): BusEvent {
  return JSON.parse(
    JSON.stringify({
      routing: { ...SESSION, kind },
      origin: 'agent',
      event: { type: 'AgentMessageChunk', messageId: `msg_${n}`, content: { type: 'text', text: TEXT } },
    }),
  ) as BusEvent;
}

/** The kind of events that the filter `index` selects. */
export function kindOf(index: number): string {
  return `kind-${index}`;
}

/** The kind of events that only a client that is to be stalled gets. */
export const FILLING = 'filling';
