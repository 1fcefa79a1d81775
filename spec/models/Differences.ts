/** Between a bus and its model: the first one is kept, what follows it is of no interest. */
export class Differences {
  first: string | undefined;

  /** Notes that `actual` is not `expected`, where it is not. Both are plain data. */
  same(what: string, actual: unknown, expected: unknown): void {
    if (this.first === undefined && !isSame(actual, expected)) {
      this.first = `${what}: ${JSON.stringify(actual)}, expected ${JSON.stringify(expected)}`;
    }
  }
}

function isSame(actual: unknown, expected: unknown): boolean {
  if (typeof actual !== 'object' || typeof expected !== 'object' || actual === null || expected === null) {
    return actual === expected;
  }
  const entries = Object.entries(actual);
  return (
    entries.length === Object.keys(expected).length &&
    entries.every(([name, value]) => isSame(value, (expected as Record<string, unknown>)[name]))
  );
}
