/** The expectations of a test whose `toBe` was not called yet. They would compare nothing, and RxJS would let them pass. */
export class Expectations {
  readonly #open = new Set<Error>();

  /** Wraps `expecting`: each call is recorded until a method of its result is called. */
  watched<F extends (...args: never[]) => object>(name: string, expecting: F): F {
    return ((...args: Parameters<F>) => {
      const methods = Object.entries(expecting(...args)) as [string, (...args: unknown[]) => unknown][];
      // Created here, so that its stack points to the expectation.
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

  /** Throws for the first expectation without `toBe`, if there is one. */
  requireNone(): void {
    for (const open of this.#open) {
      throw open;
    }
  }
}
