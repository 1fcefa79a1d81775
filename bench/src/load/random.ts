/** Random numbers from 0 to 2^32 - 1 (mulberry32). The same seed gives the same numbers, so that compared cells get the same events. */
export function randomIntegers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
}

/** `count` canonical UUIDs of version 4, each a flat string of its own. */
export function randomUuids(count: number, seed: number): string[] {
  const next = randomIntegers(seed);
  const hex = (digits: number): string => (next() >>> (32 - 4 * digits)).toString(16).padStart(digits, '0');
  const uuids = Array.from({ length: count }, () => {
    return `${hex(8)}-${hex(4)}-4${hex(3)}-8${hex(3)}-${hex(6)}${hex(6)}`;
  });
  return flat(uuids);
}

/** Copies of `texts`. A template may make a rope; a parsed string is flat, as an id from a network is. */
export function flat(texts: readonly string[]): string[] {
  return JSON.parse(JSON.stringify(texts)) as string[];
}
