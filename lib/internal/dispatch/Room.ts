/** A receiver, as far as its room matters. */
export interface Holder {
  readonly capacity: number;
  /** Events that wait with it. */
  readonly waiting: number;
}

/** A publisher that never yields must not fill the memory. */
const LONGEST_BURST = 1024;

/**
 * How many events may be staged before the next of them could make a receiver begin to lag.
 *
 * Receivers that lag already do not count: to them it makes no difference when they are refused more.
 *
 * Invariant: `least` is never more than the free places of a receiver that counts. It may be less; then events are routed
 * sooner than they need be.
 */
export class Room {
  least = LONGEST_BURST;
  /** Events that were routed since the room of all receivers was last looked at. */
  routed = 0;
  readonly #byCapacity = new Map<number, number>();
  /** Those that took something that they do not deliver at once. */
  readonly #holding = new Set<Holder>();

  /** `holder` counts from now on. */
  join(holder: Holder): void {
    this.#byCapacity.set(holder.capacity, (this.#byCapacity.get(holder.capacity) ?? 0) + 1);
    this.least = Math.min(this.least, holder.capacity - holder.waiting);
  }

  /** `holder`, which has joined, counts no more. */
  leave(holder: Holder): void {
    this.#holding.delete(holder);
    const others = (this.#byCapacity.get(holder.capacity) ?? 0) - 1;
    if (others > 0) {
      this.#byCapacity.set(holder.capacity, others);
    } else {
      this.#byCapacity.delete(holder.capacity);
    }
  }

  /** `holder` took events that it does not deliver at once. */
  shrink(holder: Holder): void {
    this.least = Math.min(this.least, holder.capacity - holder.waiting);
    this.#holding.add(holder);
  }

  /**
   * Looks again at the room of each receiver; but only when so many events were routed as there is to look at, so that no event pays
   * for more than a constant number of them.
   */
  recount(): void {
    if (this.routed < this.#byCapacity.size + this.#holding.size) {
      return;
    }
    this.routed = 0;
    this.least = LONGEST_BURST;
    for (const capacity of this.#byCapacity.keys()) {
      this.least = Math.min(this.least, capacity);
    }
    for (const holder of this.#holding) {
      if (holder.waiting === 0) {
        this.#holding.delete(holder);
      }
      this.least = Math.min(this.least, holder.capacity - holder.waiting);
    }
  }
}
