import { OTHERS, Tally } from '../internal/support/Tally.js';
import type { Gap } from '../receiver.js';
import type { Database, Statement } from './database.js';

/** Places whose events could not be kept. */
export interface Hole {
  readonly first: number;
  readonly last: number;
  /** The number of events; `null` if nobody knows it. */
  readonly missed: number | null;
  readonly byKind: Readonly<Record<string, number>>;
}

/** The holes in a file, and the newest one, which may not be in the file yet. */
export class Holes {
  /** The hole that is still to be written. */
  pending: Hole | undefined;
  private readonly find: Statement;
  private readonly unknown: Statement;

  private readonly insert: Statement;
  private readonly remove: Statement;

  constructor(database: Database) {
    this.find = database.prepare('SELECT * FROM hole WHERE last > ? AND first <= ? ORDER BY first');
    this.unknown = database.prepare('SELECT 1 FROM hole WHERE missed IS NULL AND last > ? AND first <= ? LIMIT 1');
    this.insert = database.prepare('INSERT OR REPLACE INTO hole(first, last, missed, by_kind) VALUES (?, ?, ?, ?)');
    this.remove = database.prepare('DELETE FROM hole WHERE last <= ? AND missed IS NOT NULL');
  }

  /** The holes that have a place after `after` and begin up to `upTo`, in order. */
  between(after: number, upTo: number): Hole[] {
    const rows = this.find.all(after, upTo) as {
      first: number;
      last: number;
      missed: number | null;
      by_kind: string;
    }[];
    const holes = rows.map(({ first, last, missed, by_kind: byKind }): Hole => {
      return { first, last, missed, byKind: JSON.parse(byKind) as Hole['byKind'] };
    });
    const { pending } = this;
    return pending !== undefined && pending.last > after && pending.first <= upTo ? [...holes, pending] : holes;
  }

  /** Whether there is a hole of unknown size among these places. */
  hasUnknown(after: number, upTo: number): boolean {
    return this.unknown.get(after, upTo) !== undefined;
  }

  /** Adds places right after the last one. */
  add(first: number, kinds: readonly string[]): Hole {
    const hole = { first, last: first + kinds.length - 1, missed: kinds.length, byKind: countsOf(kinds) };
    const { pending = { ...hole, missed: 0, byKind: {} } } = this;
    this.pending = {
      first: pending.first,
      last: hole.last,
      missed: (pending.missed ?? 0) + kinds.length,
      byKind: countsOf(kinds, pending.byKind),
    };
    return hole;
  }

  /** Removes the holes up to this place, inside of a transaction; but not those of unknown size, because of which a count would be wrong. */
  forget(upTo: number): void {
    this.remove.run(upTo);
  }

  /** Writes a hole, inside of a transaction. */
  write({ first, last, missed, byKind }: Hole): void {
    this.insert.run(first, last, missed, JSON.stringify(byKind));
  }
}

/** The gap that a receiver gets for the places of `hole` after `after`. */
export function gapOf({ first, last, missed, byKind }: Hole, after: number, isExact: boolean): Gap {
  if (missed === null) {
    return gapOfUnknown();
  }
  const isWhole = first > after;
  const count = isWhole ? missed : last - after;
  return {
    type: 'gap',
    missed: count,
    byKind: isWhole ? byKind : { [OTHERS]: count },
    ...(!isExact && { atMost: true }),
  };
}

export function gapOfCount(missed: number, isExact: boolean): Gap {
  return { type: 'gap', missed, byKind: { [OTHERS]: missed }, ...(!isExact && { atMost: true }) };
}

export function gapOfUnknown(): Gap {
  return gapOfCount(Infinity, false);
}

function countsOf(kinds: readonly string[], before: Hole['byKind'] = {}): Hole['byKind'] {
  const tally = new Tally();
  for (const [kind, count] of Object.entries(before)) {
    tally.add(kind, count);
  }
  kinds.forEach((kind) => {
    tally.add(kind);
  });
  return Object.fromEntries(tally.counts);
}
