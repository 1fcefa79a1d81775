import type { Measurements } from './rounds.js';
import type { Row } from './rows.js';
import { median } from './load/median.js';

export interface Verdict {
  readonly row: Row;
  /** The median of the quotients of all rounds; without a base, of the figures of the subject. */
  readonly measured: number;
  /** Medians of the two cells. */
  readonly subject: number;
  readonly base?: number;
  /** The part of the target that was reached: 1 or more if it was met. */
  readonly reached?: number;
}

/** The verdicts for the rows whose cells have been measured. */
export function verdictsOf(rows: readonly Row[], measurements: Measurements): Verdict[] {
  return rows.flatMap((row) => {
    const subjects = valuesOf(measurements, row.subject);
    const bases = row.base === undefined ? undefined : valuesOf(measurements, row.base);
    if (subjects.length === 0 || bases?.length === 0) {
      return [];
    }
    const measured = median(bases === undefined ? subjects : quotients(row, subjects, bases));
    return {
      row,
      measured,
      subject: median(subjects),
      ...(bases && { base: median(bases) }),
      ...(row.target !== undefined && { reached: reachedOf(row.sense, measured, row.target) }),
    };
  });
}

/** The quotients of cells of the same round. */
function quotients({ sense }: Row, subjects: readonly number[], bases: readonly number[]): number[] {
  return subjects.map((subject, round) => {
    const base = bases[round] ?? NaN;
    return sense === 'at least' ? base / subject : subject / base;
  });
}

function reachedOf(sense: Row['sense'], measured: number, target: number): number {
  if (sense === 'at least') {
    return measured / target;
  }
  // A heap that shrinks is below any target.
  return measured <= 0 ? 1 : target / measured;
}

function valuesOf(measurements: Measurements, cell: string): number[] {
  return (measurements[cell] ?? []).map(({ value }) => value);
}
