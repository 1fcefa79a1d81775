/** One call of a `consume`. */
export interface Work<R> {
  /** Takes no event until what was returned is through; then it is `undefined`, so that no connection holds it. */
  receiver: R | undefined;
}

/** On whose behalf a bus is called: a `consume` may wait for what it calls itself. */
export class Consuming<R> {
  /** `undefined`: nobody knows. */
  current: Work<R> | undefined;

  /** Calls `act` on behalf of `work`. */
  as(work: Work<R> | undefined, act: () => void): void {
    const outer = this.current;
    this.current = work;
    try {
      act();
    } finally {
      this.current = outer;
    }
  }
}
