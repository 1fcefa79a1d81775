import type { BusPosition } from '../receiver.js';

/** Epochs whose place is remembered. */
const MOST_EPOCHS = 16;

/**
 * How far a client has got in the last epochs. Several servers, or one that was rolled back, may answer in turns.
 *
 * Invariant: everything up to the place of an epoch was delivered or reported as missing. Memory is bounded: at most 16 epochs, and the one
 * that was not used for the longest time is forgotten first.
 */
export class Places {
  /** The place in the epoch of the newest block. */
  current: BusPosition | undefined;

  /** The places, the one that was used last at the end. */
  readonly #places = new Map<string, number>();

  /** Whether `position` was passed before. */
  isBehind({ epoch, seq }: BusPosition): boolean {
    return seq <= (this.#places.get(epoch) ?? -1);
  }

  /** Moves forward to `position`, or back into its epoch if that was left. Returns whether `current` has changed. */
  move({ epoch, seq }: BusPosition): boolean {
    const before = this.current;
    const reached = Math.max(seq, this.#places.get(epoch) ?? 0);
    if (before?.epoch === epoch && before.seq === reached) {
      return false;
    }
    if (before?.epoch !== epoch) {
      // The epoch goes to the end.
      this.#places.delete(epoch);
    }
    this.#places.set(epoch, reached);
    if (this.#places.size > MOST_EPOCHS) {
      const [oldest = epoch] = this.#places.keys();
      this.#places.delete(oldest);
    }
    this.current = { epoch, seq: reached };
    return true;
  }
}
