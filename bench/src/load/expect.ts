/** Wrong counts. They end the cell and the run. */
export class AccountingError extends Error {
  override readonly name = 'AccountingError';
}

export function expectEqual(what: string, actual: unknown, expected: unknown): void {
  if (actual !== expected) {
    throw new AccountingError(`${what}: expected ${String(expected)}, got ${String(actual)}`);
  }
}
