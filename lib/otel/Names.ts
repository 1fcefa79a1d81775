/** The attribute value under which names without a series of their own are added up. */
export const REST = '*';

/** A series: a receiver name, {@link REST}, or `undefined` for receivers without a name. */
export type Series = string | undefined;

/** The limits of {@link Names}, and what it shares with other calls of `instrument` that use the same meter. */
interface NamesOptions {
  /** The most names that have a place at a time. */
  readonly maxNames: number;
  /** The most names that `ever` may have. */
  readonly maxNamesEver: number;
  /** The keys of all names that have ever had a series on this meter. */
  readonly ever: Set<string>;
  /** The key of a name, which is another one for another bus. */
  readonly keyOf: (name: string) => string;
  /** Called if a name gets no place. `limit` is the limit that was reached. */
  readonly refused: (name: string, limit: 'maxNames' | 'maxNamesEver') => void;
}

/**
 * Decides which names have a series of their own.
 *
 * Invariants: at most `maxNames` names have a place. Each name that has had a place is in `ever`: SDKs keep each series that they have seen,
 * so a name that was in use before takes nothing up, and a new one does for good.
 */
export class Names {
  readonly #options: NamesOptions;
  readonly #placed = new Set<string>();

  constructor(options: NamesOptions) {
    this.#options = options;
  }

  /** Frees the places of all names but those in `live`. */
  keep(live: { has: (name: string) => boolean }): void {
    for (const name of this.#placed) {
      if (!live.has(name)) {
        this.#placed.delete(name);
      }
    }
  }

  /** The series of `name`. If it has none, it gets a place now, unless a limit is reached. */
  place(name: Series): Series {
    if (name === undefined || name === REST || this.#placed.has(name)) {
      return name;
    }
    const { maxNames, maxNamesEver, ever, keyOf, refused } = this.#options;
    const key = keyOf(name);
    if (this.#placed.size >= maxNames) {
      refused(name, 'maxNames');
      return REST;
    }
    if (!ever.has(key) && ever.size >= maxNamesEver) {
      refused(name, 'maxNamesEver');
      return REST;
    }
    ever.add(key);
    this.#placed.add(name);
    return name;
  }

  /** The series to which a loss of `name` is added, when no receiver of that name is left. It needs no place if it was in use before. */
  placeOfLoss(name: Series): Series {
    return typeof name === 'string' && this.#options.ever.has(this.#options.keyOf(name)) ? name : this.place(name);
  }
}
