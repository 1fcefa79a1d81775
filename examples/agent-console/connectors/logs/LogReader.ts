import type { Draft } from '../../draft.js';
import type { Json } from '../shape.js';

/** A session begins: the events that follow are its own. */
export interface Opening {
  /** The agent's own id of the session. */
  readonly opens: string;
  /** Milliseconds since 1970, if known. */
  readonly at?: number | undefined;
}

/** An event of a log. */
export interface LogDraft extends Draft {
  /** Its session. Default: the one that was opened last. */
  readonly sessionId?: string | undefined;
}

/** What a log says, in its order. */
export type LogStep = Opening | LogDraft;

/** Reads the JSON values of one log, in their order. A whole document is one value. */
export interface LogReader {
  /** What the log is, if reading has told more than its first value did. */
  readonly name?: string | undefined;
  /**
   * What a value says. Most formats have values that are no part of the talk, and say nothing.
   *
   * @throws BadLineError if it is malformed. Then none of its events is published.
   */
  read(value: Json): readonly LogStep[];
  /** What is complete only when the log ends. */
  end(): readonly LogStep[];
  /**
   * What identifies a value if the log is written anew: it was read before if any of these is known. Default: its text.
   *
   * Two values of a log may have the same key. Then the first is the first again.
   */
  keysOf?(value: Json): readonly string[];
}

export function isOpening(step: LogStep): step is Opening {
  return 'opens' in step;
}
