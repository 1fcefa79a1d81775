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

  /**
   * Waits until the count is `count`, or more.
   *
   * @param then What to wait for from there on, if for anything; called when the count is told.
   */
  reached(count: number, then?: () => Wait | undefined): Wait {
    let withdraw: (() => void) | undefined;
    const over = new Promise<void>((resolve) => {
      const mark = {
        count,
        reach: () => {
          const further = then?.();
          withdraw = further?.withdraw;
          resolve(further?.over);
        },
      };
      withdraw = () => {
        this.#marks.delete(mark);
      };
      this.#marks.add(mark);
    });
    return { over, withdraw: () => withdraw?.() };
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
