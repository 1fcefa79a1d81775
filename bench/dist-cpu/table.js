import Table from 'cli-table3';
import { cost, target as textOfTarget, quotient } from './figures.js';
export const HEAD = [
    'row',
    'workload',
    'compared with',
    'target',
    'measured',
    'target met',
    'cost',
    'cost of the other',
];
/** The table as texts, one array for each row. */
export function linesOf(verdicts) {
    return verdicts.map(({ row, measured, subject, base, reached }) => [
        row.id,
        row.workload,
        row.against,
        textOfTarget(row),
        base === undefined ? cost(row.subject, measured) : quotient(measured),
        reached === undefined ? '-' : textOfReached(reached),
        base === undefined ? '-' : cost(row.subject, subject),
        base === undefined ? '-' : cost(row.subject, base),
    ]);
}
export function tableOf(verdicts) {
    const table = new Table({ head: HEAD, style: { head: [], border: [], compact: true } });
    table.push(...linesOf(verdicts));
    return table.toString();
}
/** Half a percent is within the error of a median of few rounds. */
function textOfReached(reached) {
    return reached >= 0.995 ? 'yes' : `no (${(reached * 100).toFixed(0)} %)`;
}
