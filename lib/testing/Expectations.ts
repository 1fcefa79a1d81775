/** The expectations of a test on which nothing was called yet. They compare nothing, and RxJS lets them pass. */
export class Expectations {
  readonly #open = new Set<Error>();

  /** `expecting`, noted at each call until something is called on what it returns. */
  watched<F extends (...args: never[]) => object>(name: string, expecting: F): F {
    return ((...args: Parameters<F>) => {
      const methods = Object.entries(expecting(...args)) as [string, (...args: unknown[]) => unknown][];
      // Made here, so that its stack points to the expectation.
      const open = new Error(`${name}(...) compares nothing: call .toBe(...) on what it returns`);
      this.#open.add(open);
      return Object.fromEntries(
        methods.map(([method, call]) => [
          method,
          (...expected: unknown[]) => {
            this.#open.delete(open);
            return call(...expected);
          },
        ]),
      );
    }) as F;
  }

  /** Throws for the first of them. */
  requireNone(): void {
    for (const open of this.#open) {
      throw open;
    }
  }
}
