import type { Gap } from '../../receiver.js';
import { Tally } from '../support/Tally.js';

/**
 * The events that are missing in a queue, and their places.
 *
 * A place is the number of an event that the queue has accepted or will accept next. Events that are missing at a place are missing right
 * before that event.
 *
 * Invariant: at most one more place has missing events than events wait.
 */
export class Gaps {
  private readonly missing = new Map<number, Tally>();
  /** The places at which the count is an upper bound. */
  private atMost: Set<number> | undefined;

  has(place: number): boolean {
    return this.missing.has(place);
  }

  /** Adds `count` missing events of `kind` at `place`. */
  add(place: number, kind: string, count = 1): void {
    let tally = this.missing.get(place);
    if (tally === undefined) {
      tally = new Tally();
      this.missing.set(place, tally);
    }
    tally.add(kind, count);
  }

  /** Marks the count at `place` as an upper bound. */
  markAtMost(place: number): void {
    (this.atMost ??= new Set()).add(place);
  }

  /** Adds the event at `place` itself, which was lost. Events that were missing before it are now missing before the next event. */
  addEvent(place: number, kind: string): void {
    const before = this.missing.get(place);
    this.missing.delete(place);
    if (before !== undefined && !this.missing.has(place + 1)) {
      // Moved, not copied: an overloaded receiver does this for each event.
      this.missing.set(place + 1, before);
    } else {
      before?.counts.forEach((count, each) => {
        this.add(place + 1, each, count);
      });
    }
    this.add(place + 1, kind);
    if (this.atMost?.delete(place) === true) {
      this.markAtMost(place + 1);
    }
  }

  /** Removes and returns the gap at `place`, if there is one. */
  take(place: number): Gap | undefined {
    const tally = this.missing.get(place);
    if (tally === undefined) {
      return undefined;
    }
    this.missing.delete(place);
    const { counts } = tally;
    const missed = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const gap = { type: 'gap', missed, byKind: Object.fromEntries(counts) } as const;
    // While this gap is delivered, more events may be lost at this place. These are counted exactly.
    return this.atMost?.delete(place) === true ? { ...gap, atMost: true } : gap;
  }
}
