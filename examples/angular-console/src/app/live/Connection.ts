import type { EventStreamStatus } from 'sharing-bus/sse';
import { counted } from '../count.js';

/** The state of the event stream of the page. */
export interface Connection {
  readonly status: EventStreamStatus;
  /** Set after a reconnection. */
  readonly resumed: Resumed | undefined;
}

export interface Resumed {
  /** The number of the last event before the break. */
  readonly after: number;
  /** Events that are missing since then; `undefined` until the first delivery. */
  readonly missing: number | undefined;
}

export const CONNECTING: EventStreamStatus = { state: 'connecting', attempt: 1 };

/** The text of the status line. It is a live region, so it changes only when the connection does. */
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

export function missingText({ missing }: Resumed): string {
  if (missing === undefined) {
    return '';
  }
  if (missing === Infinity) {
    return '; the server has restarted, so the number of missing events is unknown';
  }
  return missing === 0 ? '; nothing is missing' : `; ${counted(missing, 'event')} missing`;
}

/**
 * The note at the place from which a page reads slowly.
 *
 * @param meanwhile Events of the whole bus that came since the stream before.
 */
export function slowNote(meanwhile: number): string {
  const skipped = `${counted(meanwhile, 'event')} of the whole bus came meanwhile and ${meanwhile === 1 ? 'is' : 'are'} not shown.`;
  return `From here on, this page reads slowly.${meanwhile > 0 ? ` ${skipped}` : ''}`;
}

function reasonText(cause: unknown): string {
  return cause instanceof Error ? `: ${cause.message}` : '';
}
