// Runs cells in a process of their own: node --expose-gc cellProcess.js <effort as JSON> <cell>...
// Prints one line of JSON for each cell. Only a smoke run has more than one cell.
import { runCell } from './cells/index.js';
const [effort = '', ...cells] = process.argv.slice(2);
for (const cell of cells) {
    try {
        const measurement = await runCell(cell, JSON.parse(effort));
        process.stdout.write(`${JSON.stringify(measurement)}\n`);
    }
    catch (error) {
        throw new Error(`${cell} failed`, { cause: error });
    }
}
