/** What is kept of the deliveries `D` of one subscription, as `T`. */
export interface Kept<D, T> {
  readonly take: (delivery: D) => void;
  readonly value: () => T;
}

/** The last `count` deliveries. */
export class Recent<D> implements Kept<D, readonly D[]> {
  #deliveries: D[] = [];

  constructor(private readonly count: number) {}

  readonly take = (delivery: D): void => {
    this.#deliveries.push(delivery);
    // Not each time: a cut copies all that is kept.
    if (this.#deliveries.length >= 2 * this.count) {
      this.#deliveries = this.#deliveries.slice(-this.count);
    }
  };

  /** The oldest first. A new array each time, so that a signal sees the change. */
  readonly value = (): readonly D[] => this.#deliveries.slice(-this.count);
}

/** What `reduce` makes of the deliveries so far. */
export class Fold<D, T> implements Kept<D, T> {
  #value: T;

  constructor(
    seed: T,
    private readonly reduce: (value: T, delivery: D) => T,
  ) {
    this.#value = seed;
  }

  readonly take = (delivery: D): void => {
    this.#value = this.reduce(this.#value, delivery);
  };

  readonly value = (): T => this.#value;
}
