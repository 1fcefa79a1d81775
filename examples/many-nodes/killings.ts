/** A process to kill, and when. */
export interface Killing {
  readonly name: string;
  /** Milliseconds after the beginning. */
  readonly atMs: number;
}

/** Shares of the time: before the first process is killed, and after the last one, which has to come back. */
const BEFORE = 0.1;
const AFTER = 0.2;

/**
 * Each of `names` once, in a random order, each at a random moment of its share of the time.
 *
 * @param random From 0 to 1, without 1.
 */
export function killings(names: readonly string[], totalMs: number, random: () => number = Math.random): Killing[] {
  const order = names
    .map((name) => ({ name, rank: random() }))
    .sort((one, other) => one.rank - other.rank)
    .map(({ name }) => name);
  const share = (totalMs * (1 - BEFORE - AFTER)) / names.length;
  return order.map((name, index) => ({ name, atMs: Math.round(totalMs * BEFORE + (index + random()) * share) }));
}
