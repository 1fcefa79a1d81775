import type { Entry } from './entries.js';

/** An entry that is neither stored nor given up. */
export interface Sent extends Entry {
  readonly number: number;
  after: number | undefined;
  next: Sent | undefined;
  isSent: boolean;
  attempt: number;
  /** The number of the last attempt among those of all entries. */
  send: number;
  /** Whether the last attempt was on the condition that it is stored right behind the one before it. */
  isConditional: boolean;
  /** When the first attempt was made after which it may have been stored. */
  since: number | undefined;
  /** When it is sent again without an answer. */
  due: number;
  /** Whether the connection broke while it was under way. It is sent again when the reader shows whether it was stored. */
  isUnsure: boolean;
}

/** An entry that waits to be sent. All have the same form, which makes them cheap. */
export function sentOf(entry: Entry, number: number): Sent {
  const { id, subject, payload, lane, kind, pair, run, ticket, after, room } = entry;
  return {
    number,
    id,
    subject,
    payload,
    lane,
    kind,
    pair,
    run,
    ticket,
    after,
    room,
    next: undefined,
    isSent: false,
    attempt: 0,
    send: 0,
    isConditional: false,
    since: undefined,
    due: 0,
    isUnsure: false,
  };
}
