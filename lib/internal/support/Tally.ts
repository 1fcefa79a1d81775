import type { BusEvent } from '../../events/BusEvent.js';

/** Kinds are an application's words; what invents them without end is not told apart any further. */
export const MAX_KINDS = 64;
/** What is counted here may be of any kind. */
export const OTHERS = '*';

/**
 * How many events there were of each kind.
 *
 * Invariant: the events counted so far are those in the map, and `run` more of the kind `last`.
 */
export class Tally {
  readonly #counts = new Map<string, number>();
  readonly #maxKinds: number;
  #last: string | undefined;
  #run = 0;
  /** A copy of the counts, while it is up to date. */
  #copy: ReadonlyMap<string, number> | undefined;

  /** @param maxKinds Those beyond it are counted together, under `*`. */
  constructor(maxKinds = MAX_KINDS) {
    this.#maxKinds = maxKinds;
  }

  /** Counts `count` events of `kind`. */
  add(kind: string, count = 1): void {
    if (kind !== this.#last) {
      this.#settle();
      this.#last = kind;
    }
    this.#run += count;
    this.#copy = undefined;
  }

  /** The counts as they are now, which do not change any more. */
  get counts(): ReadonlyMap<string, number> {
    this.#settle();
    return (this.#copy ??= new Map(this.#counts));
  }

  #settle(): void {
    if (this.#run > 0) {
      const kind = this.#last as string;
      const known = this.#counts.has(kind) || this.#counts.size < this.#maxKinds ? kind : OTHERS;
      this.#counts.set(known, (this.#counts.get(known) ?? 0) + this.#run);
      this.#run = 0;
    }
  }
}

/** What came between two states of one tally. */
export function difference(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const counts = [...after].map(([kind, count]): [string, number] => [kind, count - (before.get(kind) ?? 0)]);
  return new Map(counts.filter(([, count]) => count > 0));
}

/** The kind of `busEvent`, which may be an object that answers in ways of its own. */
export function kindOf(busEvent: BusEvent<unknown>): string {
  try {
    const kind: unknown = busEvent.routing.kind;
    return typeof kind === 'string' ? kind : OTHERS;
  } catch {
    return OTHERS;
  }
}

/** Tells `count` of which kinds the events from the place `from` to before the place `to` are: once for those of one kind in a row. */
export function countKinds(
  events: readonly BusEvent<unknown>[],
  from: number,
  to: number,
  count: (kind: string, events: number) => void,
): void {
  let first = from;
  let kind = '';
  for (let at = from; at < to; at += 1) {
    const next = kindOf(events[at] as BusEvent<unknown>);
    if (next !== kind && at > first) {
      count(kind, at - first);
      first = at;
    }
    kind = next;
  }
  if (to > first) {
    count(kind, to - first);
  }
}
