import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { unitOf } from './figures.js';
export const CELL_PROCESS = fileURLToPath(new URL('cellProcess.js', import.meta.url));
const run = promisify(execFile);
/**
 * Runs each cell once in a round, each in a process of its own, so that compared cells are measured within the same minute. Every other
 * round is in reverse order, so that no cell always follows the same one. Memory does not vary, so it is measured in the first round only.
 */
export async function runRounds(cells, options) {
    const { effort, rounds, limitMs, profiles, onCell } = options;
    const started = performance.now();
    const measurements = new Map(cells.map((cell) => [cell, []]));
    for (let round = 0; round < rounds; round += 1) {
        const elapsed = performance.now() - started;
        if (round > 0 && (elapsed * (round + 1)) / round > limitMs) {
            break;
        }
        const due = round === 0 ? cells : cells.filter((cell) => unitOf(cell) === 'ns');
        for (const cell of round % 2 === 0 ? due : due.toReversed()) {
            const [measurement] = await runCells([cell], effort, { profiles });
            if (measurement !== undefined) {
                measurements.get(cell)?.push(measurement);
                onCell(cell, round, measurement);
            }
        }
    }
    return Object.fromEntries(measurements);
}
/** Runs `cells` one after the other in one process. Rejects if the counts of any cell are wrong. */
export async function runCells(cells, effort, { profiles, cellProcess = CELL_PROCESS } = {}) {
    const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
    const flags = ['--expose-gc', ...profiling];
    const { stdout } = await run(process.execPath, [...flags, cellProcess, JSON.stringify(effort), ...cells]);
    return stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line));
}
