/** `1234.5` as `1,230`: with the significant digits of a measurement. */
export function rounded(value, digits = 3) {
    return Number(value.toPrecision(digits)).toLocaleString('en', { maximumSignificantDigits: digits });
}
export function quotient(value) {
    return `${rounded(value)}x`;
}
export function target({ base, sense, subject, target: limit }) {
    if (limit === undefined) {
        return '-';
    }
    return `${sense} ${base === undefined ? cost(subject, limit) : quotient(limit)}`;
}
/** The figure of a cell with its unit. */
export function cost(cell, value) {
    return unitOf(cell) === 'ns' ? `${rounded(value)} ns` : `${bytes(value)} B`;
}
export function unitOf(cell) {
    return /^(?:idle-memory|buffer-memory|kept-memory|never-yield)\//.test(cell) ? 'bytes' : 'ns';
}
function bytes(value) {
    return Math.abs(value) < 100 ? value.toFixed(1).replace('-0.0', '0.0') : rounded(value);
}
