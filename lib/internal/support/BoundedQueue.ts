/** An emptied queue keeps a ring of at most this many slots for its next burst, and releases a larger one. */
const KEPT_SLOTS = 32;
/** A queue that has released its ring, and needs more than the kept slots again, grows to the slots that it had, but to no more than this. */
const REGAINED_SLOTS = 256;
const FIRST_SLOTS = 4;

/**
 * A first-in, first-out queue of at most `capacity` values. When it is full, it refuses the arriving value; queued values stay.
 *
 * Invariants: `ring.length` is 0 or a power of two; the values are in the `size` slots from `head` on, wrapping around the end; every other
 * slot is `undefined`, so that delivered values are not retained.
 */
export class BoundedQueue<T> {
  private ring: (T | undefined)[] = [];
  private head = 0;
  /** The least slots after the kept ones. */
  private regained = 0;
  size = 0;

  constructor(readonly capacity: number) {}

  /** Appends `value` and returns true, or returns false if the queue is full. */
  offer(value: T): boolean {
    if (this.size >= this.capacity) {
      return false;
    }
    if (this.size === this.ring.length) {
      this.grow();
    }
    this.ring[(this.head + this.size) & (this.ring.length - 1)] = value;
    this.size += 1;
    return true;
  }

  /** Removes and returns the oldest value. The caller has checked that `size` is not 0. */
  shift(): T {
    const value = this.ring[this.head] as T;
    this.ring[this.head] = undefined;
    this.head = (this.head + 1) & (this.ring.length - 1);
    this.size -= 1;
    if (this.size === 0 && this.ring.length > KEPT_SLOTS) {
      this.shrink();
    }
    return value;
  }

  /** The value at `index`, counted from the oldest, which has 0. */
  at(index: number): T | undefined {
    return this.ring[(this.head + index) & (this.ring.length - 1)];
  }

  /** Replaces the value at `index`, counted from the oldest, which has 0. */
  replace(index: number, value: T): void {
    this.ring[(this.head + index) & (this.ring.length - 1)] = value;
  }

  clear(): void {
    this.ring = [];
    this.head = 0;
    this.size = 0;
  }

  /** Releases the ring of an emptied queue. Its next burst must not pay for growing step by step. */
  private shrink(): void {
    this.regained = Math.min(this.ring.length, REGAINED_SLOTS);
    this.ring = new Array<T | undefined>(KEPT_SLOTS);
    this.head = 0;
  }

  /** The ring grows with the number of queued values, so a capacity of 2^31 - 1 costs nothing until it is used. */
  private grow(): void {
    const ring = this.ring.slice(this.head).concat(this.ring.slice(0, this.head));
    ring.length = Math.max(FIRST_SLOTS, this.ring.length * 2, this.regained);
    this.ring = ring;
    this.head = 0;
  }
}
