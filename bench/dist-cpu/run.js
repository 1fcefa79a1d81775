import { relative } from 'node:path';
import { compareWith } from './against.js';
import { WORKLOAD_NAMES } from './cells/index.js';
import { writeDocs } from './docs.js';
import { PLANS, SMOKE, SMOKE_RECEIVERS } from './efforts.js';
import { cost } from './figures.js';
import { HELP, readOptions } from './options.js';
import { RESULTS, ROOT } from './paths.js';
import { writePlots } from './plot.js';
import { readResults, resultsOf, writeResults } from './results.js';
import { runCells, runRounds } from './rounds.js';
import { cellsOf, ROWS } from './rows.js';
import { cellsOfSweeps } from './sweep.js';
import { tableOf } from './table.js';
import { verdictsOf } from './verdicts.js';
const args = process.argv.slice(2);
try {
    await main(readOptions(args));
}
catch (error) {
    // The message contains the output of the cell's process.
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
}
async function main(options) {
    if (options.help) {
        console.log(HELP);
    }
    else if (options.list) {
        console.log([...ROWS.map(({ id }) => id), ...allCells()].join('\n'));
    }
    else if (options.smoke) {
        await smoke();
    }
    else if (options.against !== undefined) {
        await against(options.against, options);
    }
    else {
        await report(options, options.from === undefined ? await measure(options) : readResults(options.from));
    }
}
async function smoke() {
    const cells = new Set(allCells().map(smaller));
    const measurements = await runCells([...cells], SMOKE);
    const workloads = new Set([...cells].map((cell) => cell.split('/')[0]));
    const events = measurements.reduce((sum, { delivered, dropped }) => sum + delivered + dropped, 0);
    console.log(`${measurements.length} cells work, and their counts of ${events.toLocaleString('en')} events are right`);
    console.log(`workloads: ${workloads.size} of ${WORKLOAD_NAMES.length}`);
}
async function against(checkout, options) {
    const { effort, rounds } = options.quick ? PLANS.quick : PLANS.full;
    const cells = allCells().filter((cell) => cell.includes('/bus/') && (options.only?.test(cell) ?? true));
    console.log(await compareWith(checkout, cells, { effort, rounds: options.rounds ?? rounds }));
}
async function measure(options) {
    const { effort, limitMs, ...plan } = options.quick ? PLANS.quick : PLANS.full;
    const { only, profile } = options;
    const chosen = (name) => only === undefined || only.test(name);
    const rounds = options.rounds ?? plan.rounds;
    const rowCells = cellsOf(ROWS.filter(({ id }) => chosen(id)));
    const exact = only === undefined ? [] : allCells().filter((cell) => only.test(cell));
    const table = [...new Set([...rowCells, ...exact])];
    const sweeps = options.plot && only === undefined ? cellsOfSweeps().filter((cell) => !table.includes(cell)) : [];
    const onCell = (cell, round, { value }) => {
        console.error(`round ${round + 1}: ${cell}: ${cost(cell, value)}`);
    };
    const measured = await runRounds(table, { effort, rounds, limitMs, profiles: profile, onCell });
    const swept = await runRounds(sweeps, { effort, rounds: plan.sweepRounds, limitMs, profiles: profile, onCell });
    const command = ['npm run bench', ...(args.length > 0 ? ['--', ...args] : [])].join(' ');
    const results = resultsOf(command, { ...measured, ...swept });
    const file = options.out ?? (only === undefined ? fileFor(options) : undefined);
    if (file !== undefined) {
        await writeResults(file, results);
        console.error(`kept in ${relative(process.cwd(), file)}`);
    }
    return results;
}
async function report(options, results) {
    const rows = ROWS.filter(({ id }) => options.only?.test(id) ?? true);
    const verdicts = verdictsOf(rows, results.cells);
    if (verdicts.length > 0) {
        console.log(tableOf(verdicts));
    }
    if (options.plot) {
        await writePlots(results);
    }
    if (options.writeDocs) {
        await writeDocs(results, relative(ROOT, options.from ?? options.out ?? fileFor(options)));
    }
}
function fileFor({ quick }) {
    return `${RESULTS}/${quick ? 'quick' : 'full'}.json`;
}
function allCells() {
    return [...new Set([...cellsOf(ROWS), ...cellsOfSweeps()])];
}
function smaller(cell) {
    return cell.replace(/\d+$/, (receivers) => String(Math.min(Number(receivers), SMOKE_RECEIVERS)));
}
