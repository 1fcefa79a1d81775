import type { Event, EventKind, EventOrigin } from 'sharing-bus';

/** An event of a kind that the library has no type for, kept as the agent sent it. */
export interface ForeignEvent {
  readonly type: string;
  readonly [field: string]: unknown;
}

/** An event that does not know yet where it belongs: its connector adds that. */
export interface Draft {
  readonly kind: EventKind;
  readonly origin: EventOrigin;
  readonly event: Event | ForeignEvent;
}

/** A draft of one of the library's own events. */
export function draft(kind: EventKind, origin: EventOrigin, event: Event): Draft {
  return { kind, origin, event };
}

/** Something that has no event of its own, kept as a notice that people can read. */
export function noticeOf(title: string, value: unknown): Draft {
  return draft('system', 'connector', { type: 'Notice', severity: 'info', title, description: JSON.stringify(value) });
}
