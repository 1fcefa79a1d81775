import type { Event, EventKind, EventOrigin } from 'sharing-bus';

/** An event that the library has no type for. It is kept as the agent sent it. */
export interface ForeignEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** An event without its routing ids, which its connector adds. */
export interface Draft {
  readonly kind: EventKind;
  readonly origin: EventOrigin;
  readonly event: Event | ForeignEvent;
  /** When it happened, in milliseconds since 1970, if that is known. */
  readonly at?: number | undefined;
}

/** A draft of one of the library's own events. */
export function draft(kind: EventKind, origin: EventOrigin, event: Event, at?: number): Draft {
  return { kind, origin, event, at };
}

/** A notice for people to read, for a value that no event type fits. */
export function noticeOf(title: string, value: unknown, at?: number): Draft {
  const description = JSON.stringify(value);
  return draft('system', 'connector', { type: 'Notice', severity: 'info', title, description }, at);
}
