interface Mark {
  readonly count: number;
  /** Marks of the same count are told in the order in which they were made. */
  readonly order: number;
  /** Its place in the heap; -1 when it is not there any more. */
  at: number;
  readonly reach: () => void;
}

/** Something that is waited for, and need not be. */
export interface Wait {
  readonly over: Promise<void>;
  /** Nobody waits any more. */
  readonly withdraw: () => void;
}

/**
 * Waits until a count has come so far. The count only grows.
 *
 * Invariant: the marks are a heap: each is due after the one at half its place. So neither `passed` nor a withdrawal looks at all of them.
 */
export class Marks {
  readonly #heap: Mark[] = [];
  #order = 0;

  /**
   * Waits until the count is `count`, or more.
   *
   * @param then What to wait for from there on, if for anything; called when the count is told.
   */
  reached(count: number, then?: () => Wait | undefined): Wait {
    let withdraw: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      const mark: Mark = {
        count,
        order: this.#order,
        at: this.#heap.length,
        reach: () => {
          const further = then?.();
          withdraw = further?.withdraw;
          resolve(further?.over);
        },
      };
      withdraw = () => {
        this.#remove(mark);
      };
      this.#order += 1;
      this.#heap.push(mark);
      this.#rise(mark);
    });
    return { over, withdraw: () => withdraw?.() };
  }

  /** The count is `present` now. */
  passed(present: number): void {
    for (let mark = this.#heap[0]; mark !== undefined && mark.count <= present; mark = this.#heap[0]) {
      this.#remove(mark);
      mark.reach();
    }
  }

  #remove(mark: Mark): void {
    const { at } = mark;
    mark.at = -1;
    const last = at === -1 ? mark : this.#heap.pop();
    if (last !== undefined && last !== mark) {
      // It may belong further up than the gap, or further down.
      this.#put(last, at);
      this.#rise(last);
      this.#sink(last);
    }
  }

  #rise(mark: Mark): void {
    while (mark.at > 0) {
      const { at } = mark;
      const above = this.#heap[(at - 1) >> 1];
      if (above === undefined || isBefore(above, mark)) {
        return;
      }
      this.#put(mark, above.at);
      this.#put(above, at);
    }
  }

  #sink(mark: Mark): void {
    for (;;) {
      const { at } = mark;
      const left = this.#heap[2 * at + 1];
      const right = this.#heap[2 * at + 2];
      const below = left === undefined || right === undefined || isBefore(left, right) ? left : right;
      if (below === undefined || isBefore(mark, below)) {
        return;
      }
      this.#put(mark, below.at);
      this.#put(below, at);
    }
  }

  #put(mark: Mark, at: number): void {
    this.#heap[at] = mark;
    mark.at = at;
  }
}

function isBefore(one: Mark, other: Mark): boolean {
  return one.count < other.count || (one.count === other.count && one.order < other.order);
}
