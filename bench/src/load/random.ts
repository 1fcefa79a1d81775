/** Numbers from 0 to 2^32 - 1, the same ones for the same seed: what is compared gets the same events (mulberry32). */
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
  // What is parsed is flat, as an id that came over a wire; a template may leave a rope.
  return JSON.parse(JSON.stringify(uuids)) as string[];
}
