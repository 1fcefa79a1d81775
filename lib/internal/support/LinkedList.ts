/** A place in a {@link LinkedList}. */
export interface Link<T> {
  readonly value: T;
  older: Link<T> | undefined;
  newer: Link<T> | undefined;
  /** Whether the link is in its list. */
  isIn: boolean;
}

/**
 * A doubly linked list. Appending a value and removing any value take constant time. In an array or a `Set`, removing the first values gets
 * more expensive with each of them.
 *
 * Invariant: the links from `first` to `last` contain every value once.
 */
export class LinkedList<T> {
  first: Link<T> | undefined;
  last: Link<T> | undefined;
  size = 0;

  /** Inserts `value` right after `older`, by default at the end. */
  add(value: T, older: Link<T> | undefined = this.last): Link<T> {
    const newer = older === undefined ? this.first : older.newer;
    const link: Link<T> = { value, older, newer, isIn: true };
    this.join(older, link);
    this.join(link, newer);
    this.size += 1;
    return link;
  }

  /** Removes `link`. Returns whether it was in the list. */
  remove(link: Link<T>): boolean {
    if (!link.isIn) {
      return false;
    }
    link.isIn = false;
    this.join(link.older, link.newer);
    this.size -= 1;
    return true;
  }

  private join(older: Link<T> | undefined, newer: Link<T> | undefined): void {
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
