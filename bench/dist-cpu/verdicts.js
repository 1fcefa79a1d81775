import { median } from './load/median.js';
/** The verdicts for the rows whose cells have been measured. */
export function verdictsOf(rows, measurements) {
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
function quotients({ sense }, subjects, bases) {
    return subjects.map((subject, round) => {
        const base = bases[round] ?? NaN;
        return sense === 'at least' ? base / subject : subject / base;
    });
}
function reachedOf(sense, measured, target) {
    if (sense === 'at least') {
        return measured / target;
    }
    // A heap that shrinks is below any target.
    return measured <= 0 ? 1 : target / measured;
}
function valuesOf(measurements, cell) {
    return (measurements[cell] ?? []).map(({ value }) => value);
}
