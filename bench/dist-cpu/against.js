import Table from 'cli-table3';
import {} from './efforts.js';
import { cost, quotient } from './figures.js';
import { median } from './load/median.js';
import { CELL_PROCESS, runCells } from './rounds.js';
/**
 * Measures cells of this library in this build and in that of another checkout, by turns, each in a process of its own.
 *
 * @param cells Names of cells that both builds have.
 * @param checkout The other checkout, with its library and its bench built.
 */
export async function compareWith(checkout, cells, { effort, rounds }) {
    const processes = { other: `${checkout}/bench/dist/cellProcess.js`, own: CELL_PROCESS };
    const comparisons = [];
    for (const cell of cells) {
        const values = { other: [], own: [] };
        for (let round = 0; round < rounds; round += 1) {
            // Every other round begins with the other build.
            for (const build of round % 2 === 0 ? ['own', 'other'] : ['other', 'own']) {
                const [measurement] = await runCells([cell], effort, { cellProcess: processes[build] });
                values[build].push(measurement?.value ?? NaN);
            }
        }
        const comparison = { cell, other: median(values.other), own: median(values.own) };
        console.error(`${cell}: ${quotient(comparison.own / comparison.other)}`);
        comparisons.push(comparison);
    }
    return tableOf(comparisons);
}
function tableOf(comparisons) {
    const head = ['cell', 'other build', 'this build', 'this / other'];
    const table = new Table({ head, style: { head: [], border: [], compact: true } });
    table.push(...comparisons.map(({ cell, other, own }) => [cell, cost(cell, other), cost(cell, own), quotient(own / other)]));
    return table.toString();
}
