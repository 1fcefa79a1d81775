interface Mark {
  readonly count: number;
  readonly reach: () => void;
}

/** Those who wait until a count has come so far. The count only grows. */
export class Marks {
  #marks: Mark[] = [];

  /** Resolves when the count is `count`, or more. */
  reached(count: number): Promise<void> {
    return new Promise((reach) => {
      this.#marks.push({ count, reach });
    });
  }

  /** The count is `present` now. */
  passed(present: number): void {
    const marks = this.#marks;
    this.#marks = marks.filter(({ count }) => count > present);
    for (const { count, reach } of marks) {
      if (count <= present) {
        reach();
      }
    }
  }
}
