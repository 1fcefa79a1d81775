/** @throws Error unless both counts are equal. */
export function expectEqual(what: string, got: number, expected: number): void {
  if (got !== expected) {
    throw new Error(`${what}: expected ${expected}, got ${got}`);
  }
}
