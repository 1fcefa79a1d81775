interface Mark {
  readonly count: number;
  readonly reach: () => void;
}

/** Something that is waited for, and need not be. */
export interface Wait {
  readonly over: Promise<void>;
  /** Nobody waits any more. */
  readonly withdraw: () => void;
}

/** Those who wait until a count has come so far. The count only grows. */
export class Marks {
  readonly #marks = new Set<Mark>();

  /** Waits until the count is `count`, or more. */
  reached(count: number): Wait {
    let mark: Mark | undefined;
    const over = new Promise<void>((reach) => {
      mark = { count, reach };
      this.#marks.add(mark);
    });
    return {
      over,
      withdraw: () => {
        this.#marks.delete(mark as Mark);
      },
    };
  }

  /** The count is `present` now. */
  passed(present: number): void {
    for (const mark of this.#marks) {
      if (mark.count <= present) {
        this.#marks.delete(mark);
        mark.reach();
      }
    }
  }
}
