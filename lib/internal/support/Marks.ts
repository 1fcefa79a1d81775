interface Mark {
  readonly count: number;
  /** Marks with the same count are reached in the order in which they were created. */
  readonly order: number;
  /** Its index in the heap; -1 after it was removed. */
  at: number;
  readonly reach: () => void;
}

/** A wait that can be withdrawn. */
export interface Wait {
  /** Resolves when the wait is over. */
  readonly over: Promise<void>;
  /** Releases the wait. The promise need not settle then. */
  readonly withdraw: () => void;
}

/**
 * Lets callers wait until a growing count has reached a value.
 *
 * Invariant: the marks are a binary heap: each is due after its parent at half its index. So neither `passed` nor a withdrawal visits all
 * marks.
 */
export class Marks {
  private readonly heap: Mark[] = [];
  private order = 0;

  /**
   * Waits until the count is at least `count`.
   *
   * @param then Called when the count is reached. If it returns a wait, that must be over, too.
   */
  reached(count: number, then?: () => Wait | undefined): Wait {
    let withdraw: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      const mark: Mark = {
        count,
        order: this.order,
        at: this.heap.length,
        reach: () => {
          const further = then?.();
          withdraw = further?.withdraw;
          resolve(further?.over);
        },
      };
      withdraw = () => {
        this.remove(mark);
      };
      this.order += 1;
      this.heap.push(mark);
      this.rise(mark);
    });
    return { over, withdraw: () => withdraw?.() };
  }

  /** Sets the count to `present`. */
  passed(present: number): void {
    for (let mark = this.heap[0]; mark !== undefined && mark.count <= present; mark = this.heap[0]) {
      this.remove(mark);
      mark.reach();
    }
  }

  private remove(mark: Mark): void {
    const { at } = mark;
    mark.at = -1;
    const last = at === -1 ? mark : this.heap.pop();
    if (last !== undefined && last !== mark) {
      // Its place in the heap may be further up or further down.
      this.put(last, at);
      this.rise(last);
      this.sink(last);
    }
  }

  private rise(mark: Mark): void {
    while (mark.at > 0) {
      const { at } = mark;
      const above = this.heap[(at - 1) >> 1];
      if (above === undefined || isBefore(above, mark)) {
        return;
      }
      this.put(mark, above.at);
      this.put(above, at);
    }
  }

  private sink(mark: Mark): void {
    for (;;) {
      const { at } = mark;
      const left = this.heap[2 * at + 1];
      const right = this.heap[2 * at + 2];
      const below = left === undefined || right === undefined || isBefore(left, right) ? left : right;
      if (below === undefined || isBefore(mark, below)) {
        return;
      }
      this.put(mark, below.at);
      this.put(below, at);
    }
  }

  private put(mark: Mark, at: number): void {
    this.heap[at] = mark;
    mark.at = at;
  }
}

function isBefore(one: Mark, other: Mark): boolean {
  return one.count < other.count || (one.count === other.count && one.order < other.order);
}
