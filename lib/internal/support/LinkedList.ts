/** A place in a {@link LinkedList}. */
export interface Link<T> {
  readonly value: T;
  older: Link<T> | undefined;
  newer: Link<T> | undefined;
  /** Whether it is in its list. */
  isIn: boolean;
}

/**
 * Values in a row: to add one at the end, and to take any of them out, costs the same however many there are. An array or a `Set` that loses its
 * first values costs more with each of them.
 *
 * Invariant: `first` to `last` links every value once.
 */
export class LinkedList<T> {
  first: Link<T> | undefined;
  last: Link<T> | undefined;
  size = 0;

  /** Adds `value` right behind `older`, or at the end. */
  add(value: T, older: Link<T> | undefined = this.last): Link<T> {
    const newer = older === undefined ? this.first : older.newer;
    const link: Link<T> = { value, older, newer, isIn: true };
    this.#join(older, link);
    this.#join(link, newer);
    this.size += 1;
    return link;
  }

  /** Takes `link` out. Returns whether it was in. */
  remove(link: Link<T>): boolean {
    if (!link.isIn) {
      return false;
    }
    link.isIn = false;
    this.#join(link.older, link.newer);
    this.size -= 1;
    return true;
  }

  #join(older: Link<T> | undefined, newer: Link<T> | undefined): void {
    if (older === undefined) {
      this.first = newer;
    } else {
      older.newer = newer;
    }
    if (newer === undefined) {
      this.last = older;
    } else {
      newer.older = older;
    }
  }
}
