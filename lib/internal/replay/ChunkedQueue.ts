import { BoundedQueue } from '../support/BoundedQueue.js';
import { MAX_COUNT } from '../support/require.js';

/** Values in each chunk. */
const LENGTH = 256;

/**
 * A first-in, first-out queue for many values that stay long. It has no bound of its own.
 *
 * In one large array, V8 would have to note each new value for its garbage collector, since the array is old. A chunk is as young as its
 * values.
 *
 * Invariants: the values are the `size` ones from the index `first` of the chunk `head` on; the last one is before the index `end` of the
 * chunk `tail`. Every other place is empty, so that values that were taken out are not retained.
 */
export class ChunkedQueue<T> {
  size = 0;
  private readonly chunks = new BoundedQueue<(T | undefined)[]>(MAX_COUNT);
  private readonly length: number;
  private head: (T | undefined)[] = [];
  private first = 0;
  private tail: (T | undefined)[] = this.head;
  private end: number;

  /** @param most The most values that will be in the queue. Chunks need not be longer. */
  constructor(most: number) {
    this.length = Math.min(LENGTH, most);
    this.end = this.length;
  }

  /** Appends `value`. */
  add(value: T): void {
    if (this.end === this.length) {
      this.begin();
    }
    this.tail[this.end] = value;
    this.end += 1;
    this.size += 1;
  }

  /** Removes and returns the oldest value. The caller has checked that `size` is not 0. */
  shift(): T {
    const value = this.head[this.first] as T;
    this.head[this.first] = undefined;
    this.first += 1;
    this.size -= 1;
    if (this.first === this.length) {
      this.chunks.shift();
      this.first = 0;
      this.head = this.chunks.at(0) ?? [];
    }
    return value;
  }

  /** The value at `index`, counted from the oldest, which has 0. The caller has checked that `size` is above `index`. */
  at(index: number): T {
    const place = this.first + index;
    const chunk = this.chunks.at(Math.floor(place / this.length)) as T[];
    return chunk[place % this.length] as T;
  }

  /**
   * The smallest index from `from` to before `to`, which is at most `size`, whose value passes `test`. `to` if there is none.
   *
   * @param test Gets a value, and its index plus `offset`.
   */
  seek(from: number, to: number, test: (value: T, number: number) => boolean, offset = 0): number {
    const { length, first } = this;
    let index = from;
    while (index < to) {
      const place = first + index;
      const chunk = this.chunks.at(Math.floor(place / length)) as T[];
      const start = place % length;
      const count = Math.min(length - start, to - index);
      for (let next = 0; next < count; next += 1) {
        if (test(chunk[start + next] as T, index + next + offset)) {
          return index + next;
        }
      }
      index += count;
    }
    return to;
  }

  private begin(): void {
    const chunk = new Array<T | undefined>(this.length);
    this.chunks.offer(chunk);
    this.tail = chunk;
    this.end = 0;
    if (this.chunks.size === 1) {
      this.head = chunk;
    }
  }
}
