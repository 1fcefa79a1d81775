import type { Gap } from '../../receiver.js';
import { Tally } from '../support/Tally.js';

/**
 * What is missing in a queue, and where.
 *
 * Places are counted as the events that the queue has taken in: what is missing at a place is missing right before the event that
 * has its number, or will have it.
 *
 * Invariant: there are no more places with something missing than events that wait, and one.
 */
export class Gaps {
  readonly #missing = new Map<number, Tally>();
  /** Where not all that is counted need be missing. */
  #vague: Set<number> | undefined;

  has(place: number): boolean {
    return this.#missing.has(place);
  }

  /** `count` events of `kind` are missing at `place`. */
  add(place: number, kind: string, count = 1): void {
    let tally = this.#missing.get(place);
    if (tally === undefined) {
      tally = new Tally();
      this.#missing.set(place, tally);
    }
    tally.add(kind, count);
  }

  /** Of what is missing at `place`, nobody knows whether that is all. */
  blur(place: number): void {
    (this.#vague ??= new Set()).add(place);
  }

  /** The event at `place` is missing, too: what was missing before it is missing before the next one now. */
  addEvent(place: number, kind: string): void {
    const before = this.#missing.get(place);
    this.#missing.delete(place);
    if (before !== undefined && !this.#missing.has(place + 1)) {
      // Moved, not copied: an overloaded receiver comes here for each event.
      this.#missing.set(place + 1, before);
    } else {
      before?.counts.forEach((count, each) => {
        this.add(place + 1, each, count);
      });
    }
    this.add(place + 1, kind);
    if (this.#vague?.delete(place) === true) {
      this.blur(place + 1);
    }
  }

  /** Takes what is missing at `place` out, if anything is. */
  take(place: number): Gap | undefined {
    const tally = this.#missing.get(place);
    if (tally === undefined) {
      return undefined;
    }
    this.#missing.delete(place);
    const { counts } = tally;
    const missed = [...counts.values()].reduce((sum, count) => sum + count, 0);
    const gap = { type: 'gap', missed, byKind: Object.fromEntries(counts) } as const;
    // More may be lost at this place when this is told: that is counted.
    return this.#vague?.delete(place) === true ? { ...gap, atMost: true } : gap;
  }
}
