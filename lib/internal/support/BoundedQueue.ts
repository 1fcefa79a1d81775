/** Slots that an emptied queue keeps for its next burst; a larger ring is given back. */
const KEPT_SLOTS = 256;
const FIRST_SLOTS = 4;

/**
 * First in, first out, with at most `capacity` values. Full, it refuses the newest and leaves what waits alone.
 *
 * Invariants: `ring.length` is 0 or a power of two; the values are the `size` slots from `head` on, around the end;
 * every other slot is `undefined`, so that nothing delivered is held.
 */
export class BoundedQueue<T> {
  #ring: (T | undefined)[] = [];
  #head = 0;
  #size = 0;

  constructor(readonly capacity: number) {}

  get size(): number {
    return this.#size;
  }

  /** Takes `value` and returns true, or returns false where there is no room. */
  offer(value: T): boolean {
    if (this.#size >= this.capacity) {
      return false;
    }
    if (this.#size === this.#ring.length) {
      this.#grow();
    }
    this.#ring[(this.#head + this.#size) & (this.#ring.length - 1)] = value;
    this.#size += 1;
    return true;
  }

  /** Takes the oldest value out. The caller has seen that `size` is not 0. */
  shift(): T {
    const value = this.#ring[this.#head] as T;
    this.#ring[this.#head] = undefined;
    this.#head = (this.#head + 1) & (this.#ring.length - 1);
    this.#size -= 1;
    if (this.#size === 0 && this.#ring.length > KEPT_SLOTS) {
      this.clear();
    }
    return value;
  }

  /** The value that is the `index`th to come. */
  at(index: number): T | undefined {
    return this.#ring[(this.#head + index) & (this.#ring.length - 1)];
  }

  /** Puts `value` in the place of the `index`th to come. */
  replace(index: number, value: T): void {
    this.#ring[(this.#head + index) & (this.#ring.length - 1)] = value;
  }

  clear(): void {
    this.#ring = [];
    this.#head = 0;
    this.#size = 0;
  }

  /** The ring grows with what waits: a capacity of 2^31 - 1 costs nothing until it is used. */
  #grow(): void {
    const ring = this.#ring.slice(this.#head).concat(this.#ring.slice(0, this.#head));
    ring.length = Math.max(FIRST_SLOTS, ring.length * 2);
    this.#ring = ring;
    this.#head = 0;
  }
}
