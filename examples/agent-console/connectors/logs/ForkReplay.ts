import type { Json } from '../shape.js';
import { timeOf } from './timeOf.js';

/** A history is copied at once. After a pause as long as this, in milliseconds, the session goes on by itself. */
const PAUSE_MS = 1000;

/**
 * The part of a Codex rollout that repeats the history of a parent: of a forked session, or of a subagent.
 *
 * Nothing in the log says where it ends, except in newer versions. Copied entries have their own times, or all the time of the copy. The
 * ids of turns stay, and they have the time of the turn in them. So the session's own part begins with the first turn that began after
 * the session, or with the first entry after a pause.
 */
export class ForkReplay {
  isOver = false;
  readonly #since: number | undefined;
  readonly #firstOwn: unknown;
  #previous: number | undefined;
  #hasOldTimes = false;

  /** @param meta The payload of the session's own `session_meta`. */
  constructor(meta: Json, at: number | undefined) {
    this.#since = timeInId(meta['id']) ?? timeOf(meta['timestamp']) ?? at;
    this.#firstOwn = meta['subagent_history_start_ordinal'];
    this.#previous = at;
  }

  /** Goes on to the next line. */
  advance(line: Json, payload: Json, at: number | undefined): void {
    this.isOver ||= this.#isOwn(line, payload, at);
    this.#previous = at ?? this.#previous;
  }

  #isOwn({ ordinal }: Json, payload: Json, at: number | undefined): boolean {
    if (typeof this.#firstOwn === 'number' && typeof ordinal === 'number') {
      return ordinal >= this.#firstOwn;
    }
    const since = this.#since ?? -Infinity;
    const turnAt = timeInId(payload['turn_id']);
    if (turnAt !== undefined) {
      return turnAt >= since;
    }
    if (at === undefined || at < since) {
      this.#hasOldTimes ||= at !== undefined && at < since - PAUSE_MS;
      return false;
    }
    return this.#hasOldTimes || at - (this.#previous ?? at) >= PAUSE_MS;
  }
}

/** The time in a UUID of version 7, in milliseconds since 1970; `undefined` for any other id. */
function timeInId(id: unknown): number | undefined {
  return typeof id === 'string' && /^[\da-f]{8}-[\da-f]{4}-7/i.test(id)
    ? parseInt(id.slice(0, 8) + id.slice(9, 13), 16)
    : undefined;
}
