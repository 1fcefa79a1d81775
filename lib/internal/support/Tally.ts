import type { BusEvent } from '../../events/BusEvent.js';

/** The most kinds that are counted separately. An application may invent kinds without limit. */
export const MAX_KINDS = 64;
/** The key that counts events of further or unknown kinds. */
export const OTHERS = '*';

/**
 * Counts events by kind.
 *
 * Invariant: the events counted so far are those in the map, plus `run` events of the kind `last`.
 */
export class Tally {
  private readonly byKind = new Map<string, number>();
  private readonly maxKinds: number;
  private last: string | undefined;
  private run = 0;
  /** A copy of the counts. `undefined` if it is out of date. */
  private copy: ReadonlyMap<string, number> | undefined;

  /** @param maxKinds Further kinds are counted together, under `*`. */
  constructor(maxKinds = MAX_KINDS) {
    this.maxKinds = maxKinds;
  }

  /** Counts `count` events of `kind`. */
  add(kind: string, count = 1): void {
    if (kind !== this.last) {
      this.settle();
      this.last = kind;
    }
    this.run += count;
    this.copy = undefined;
  }

  /** A snapshot of the counts. It does not change later. */
  get counts(): ReadonlyMap<string, number> {
    this.settle();
    return (this.copy ??= new Map(this.byKind));
  }

  private settle(): void {
    if (this.run > 0) {
      const kind = this.last as string;
      const known = this.byKind.has(kind) || this.byKind.size < this.maxKinds ? kind : OTHERS;
      this.byKind.set(known, (this.byKind.get(known) ?? 0) + this.run);
      this.run = 0;
    }
  }
}

/** The events that were counted between two snapshots of one tally. */
export function difference(
  before: ReadonlyMap<string, number>,
  after: ReadonlyMap<string, number>,
): ReadonlyMap<string, number> {
  const counts = [...after].map(([kind, count]): [string, number] => [kind, count - (before.get(kind) ?? 0)]);
  return new Map(counts.filter(([, count]) => count > 0));
}

/** The kind of `busEvent`, or `*` if it cannot be read: the event may have getters or be a proxy. */
export function kindOf(busEvent: BusEvent<unknown>): string {
  try {
    const kind: unknown = busEvent.routing.kind;
    return typeof kind === 'string' ? kind : OTHERS;
  } catch {
    return OTHERS;
  }
}

/** Calls `count` once for each run of events of the same kind, from index `from` to before index `to`. */
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
