import { show } from '../../internal/support/show.js';
import { NotStoredError } from '../errors.js';
import type { Entry } from './entries.js';

const FIRST_WAIT_MS = 50;
const LONGEST_WAIT_MS = 1_000;

/** An entry that is neither stored nor given up. */
export interface Pending extends Entry {
  readonly number: number;
  after: number | undefined;
  next: Pending | undefined;
  isSent: boolean;
  attempt: number;
  /** The number of the last attempt among those of all entries. */
  send: number;
  /** Whether the last attempt was on the condition that it is stored right behind the one before it. */
  isConditional: boolean;
  /** When the first attempt was made after which it may have been stored. */
  since: number | undefined;
  /** That attempt. */
  firstAttempt: number;
  /** When it is sent again without an answer. */
  due: number;
  /** Whether it was due when this process came late. */
  isOverdue: boolean;
  /** Whether the connection broke while it was under way. It is sent again when the reader shows whether it was stored. */
  isUnsure: boolean;
}

/** An entry that waits to be sent. All have the same form, which makes them cheap. */
export function pendingOf(entry: Entry, number: number): Pending {
  const { id, subject, payload, lane, kind, pair, run, ticket, after, spareBytes } = entry;
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
    spareBytes,
    next: undefined,
    isSent: false,
    attempt: 0,
    send: 0,
    isConditional: false,
    since: undefined,
    firstAttempt: 0,
    due: 0,
    isOverdue: false,
    isUnsure: false,
  };
}

/** It is sent. Without an answer, it is late after `ms` milliseconds. */
export function beginAttempt(sent: Pending, now: number, ms: number, send: number, isConditional: boolean): void {
  sent.attempt += 1;
  sent.send = send;
  sent.isConditional = isConditional;
  sent.due = now + ms;
  sent.isOverdue = false;
  if (sent.since === undefined) {
    sent.since = now;
    sent.firstAttempt = sent.attempt;
  }
}

/** The server has refused it. If this was its only attempt, it is surely not stored, and has all its time from the next attempt on. */
export function endRefused(sent: Pending): void {
  if (sent.firstAttempt === sent.attempt) {
    sent.since = undefined;
  }
}

/** The server has refused it for now. It is due later, the longer, the more attempts were made. */
export function backOff(sent: Pending, now: number): void {
  const wait = Math.min(FIRST_WAIT_MS * 2 ** (sent.attempt - 1), LONGEST_WAIT_MS);
  sent.due = now + wait * (1 - Math.random() / 2);
}

/** It was sent, and nothing has shown in `giveUpMs` whether it is stored. */
export function tooLate({ id }: Pending, giveUpMs: number, refusal: string | undefined): NotStoredError {
  const why = refusal === undefined ? '' : `: ${refusal}`;
  return new NotStoredError(
    `no acknowledgement came within giveUpMs, ${giveUpMs} ms, for the event ${show(id)}${why}`,
    true,
  );
}
