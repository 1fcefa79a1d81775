import type { EventStreamStatus } from 'sharing-bus/sse';
import { counted } from '../count.js';

/** How the page's stream is doing. */
export interface Connection {
  readonly status: EventStreamStatus;
  /** Set when it is back after a break. */
  readonly resumed: Resumed | undefined;
}

export interface Resumed {
  /** The number of the last event before the break. */
  readonly after: number;
  /** Events that are missing since; `undefined` as long as nothing has come. */
  readonly missing: number | undefined;
}

export const CONNECTING: Connection = { status: { state: 'connecting', attempt: 1 }, resumed: undefined };

/** In words, for the status line. It changes when something happened, and not by itself. */
export function describeConnection({ status, resumed }: Connection): string {
  switch (status.state) {
    case 'connecting':
      return status.attempt > 1 ? `Connecting, attempt ${status.attempt}` : 'Connecting';
    case 'open':
      return resumed === undefined ? 'Live' : `Live again after event ${resumed.after}${missingText(resumed)}`;
    case 'waiting':
      return `Connection lost${reasonText(status.cause)}`;
    case 'closed':
      return `Closed${reasonText(status.cause)}`;
  }
}

function missingText({ missing }: Resumed): string {
  if (missing === undefined) {
    return '';
  }
  if (missing === Infinity) {
    return '; the server is another one, and what was missed is unknown';
  }
  return missing === 0 ? '; nothing is missing' : `; ${counted(missing, 'event')} missing`;
}

function reasonText(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : '';
}
