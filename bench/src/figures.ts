import type { Row } from './rows.js';

/** `1234.5` as `1,230`: with the significant digits of a measurement. */
export function rounded(value: number, digits = 3): string {
  return Number(value.toPrecision(digits)).toLocaleString('en', { maximumSignificantDigits: digits });
}

export function quotient(value: number): string {
  return `${rounded(value)}x`;
}

export function target({ base, sense, subject, target: limit }: Row): string {
  if (limit === undefined) {
    return '-';
  }
  return `${sense} ${base === undefined ? cost(subject, limit) : quotient(limit)}`;
}

/** The figure of a cell with its unit. */
export function cost(cell: string, value: number): string {
  return unitOf(cell) === 'ns' ? `${rounded(value)} ns` : `${bytes(value)} B`;
}

export function unitOf(cell: string): 'ns' | 'bytes' {
  return /^(?:idle-memory|buffer-memory|kept-memory|never-yield)\//.test(cell) ? 'bytes' : 'ns';
}

function bytes(value: number): string {
  return Math.abs(value) < 100 ? value.toFixed(1).replace('-0.0', '0.0') : rounded(value);
}
