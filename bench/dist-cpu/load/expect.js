/** Wrong counts. They end the cell and the run. */
export class AccountingError extends Error {
    name = 'AccountingError';
}
export function expectEqual(what, actual, expected) {
    if (actual !== expected) {
        throw new AccountingError(`${what}: expected ${String(expected)}, got ${String(actual)}`);
    }
}
