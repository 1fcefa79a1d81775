/** One who has asked for a value. */
interface Pull<T> {
  readonly resolve: (value: T | undefined) => void;
  readonly reject: (error: unknown) => void;
}

/** Those who have asked for a value and have not got it, in the order in which they asked. */
export class Pulls<T> {
  readonly #asking: Pull<T>[] = [];

  get size(): number {
    return this.#asking.length;
  }

  /** Asks for a value. `undefined` means that there will be none. */
  ask(): Promise<T | undefined> {
    return new Promise((resolve, reject) => {
      this.#asking.push({ resolve, reject });
    });
  }

  /** Gives `value` to the one who asked first. */
  give(value: T | undefined): void {
    this.#asking.shift()?.resolve(value);
  }

  /** Tells the one who asked first why there is none. */
  refuse(error: unknown): void {
    this.#asking.shift()?.reject(error);
  }
}
