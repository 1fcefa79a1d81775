/** What a process of the soak is to do. */
export interface SoakOrder {
  readonly name: string;
  readonly file: string;
  readonly servers: string[];
  /** Events that this process publishes. */
  readonly count: number;
  /** Events of all processes. */
  readonly total: number;
  readonly sessions: number;
  readonly lanes: boolean;
  readonly ids: boolean;
  /** How long to pause after 100 events, in milliseconds. */
  readonly pauseMs: number;
}

/** A line of a file: the epoch, the place and the payload; or `gap`, 0 and what is missed. */
export const LINE = /^(\S+) (\d+) (\S+)$/;
