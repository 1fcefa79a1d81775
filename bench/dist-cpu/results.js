import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { formatted } from './formatted.js';
import { machineNow } from './machine.js';
export function resultsOf(command, cells) {
    const rounds = Math.max(0, ...Object.values(cells).map(({ length }) => length));
    return { machine: machineNow(), command, rounds, cells: withoutSamples(cells) };
}
export async function writeResults(file, results) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, await formatted(JSON.stringify(results), 'json'));
}
export function readResults(file) {
    return JSON.parse(readFileSync(file, 'utf8'));
}
/** Keeps the median of each round. The single samples are only for a run of one cell. */
function withoutSamples(cells) {
    return Object.fromEntries(Object.entries(cells).map(([cell, measurements]) => [
        cell,
        measurements.map(({ samples: _, value, yieldNs, ...rest }) => {
            return { value: significant(value), ...rest, ...(yieldNs !== undefined && { yieldNs: significant(yieldNs) }) };
        }),
    ]));
}
function significant(value) {
    return Number(value.toPrecision(4));
}
