import Table from 'cli-table3';
import { parseArgs } from 'node:util';
import { median } from './load/median.js';
import { settled } from './load/yieldOnce.js';
import { PlannedError } from './soak/consumers.js';
import { Soak } from './soak/Soak.js';
const HELP = `Runs one bus with consumers of every kind, and checks the exact account of each.

  npm run soak -- [options]

  --events N      events to publish (default 1000000)
  --seconds N     stop after so many seconds (default 600)
  --seed N        seed of the random choices (default 1)
  --help          this text
`;
/** The most that the heap may grow from the first third of its measurements to the last third. */
const MARGIN_BYTES = 2 * 1024 * 1024;
const MEBIBYTE = 1024 * 1024;
const SHOWN = 20;
const number = { type: 'string' };
try {
    const { values } = parseArgs({
        options: { events: number, seconds: number, seed: number, help: { type: 'boolean', default: false } },
    });
    if (values.help) {
        console.log(HELP);
    }
    else {
        await main(countOf('events', values.events, 1_000_000), countOf('seconds', values.seconds, 600), countOf('seed', values.seed, 1));
    }
}
catch (error) {
    console.error(error instanceof Error ? error.message : error);
    process.exitCode = 1;
}
async function main(events, seconds, seed) {
    let reported = 0;
    process.on('uncaughtException', (error) => {
        if (!(error instanceof PlannedError)) {
            console.error(error);
            process.exit(1);
        }
        reported += 1;
    });
    const report = await new Soak(seed).run({ events, seconds });
    await settled(() => reported === PlannedError.thrown);
    const problems = [...report.problems];
    if (reported !== PlannedError.thrown) {
        problems.push(`handlers threw ${PlannedError.thrown} errors, ${reported} were reported`);
    }
    const growth = growthOf(report.heap);
    if (growth > MARGIN_BYTES) {
        problems.push(`the heap has grown by ${mebibytes(growth)}: ${report.heap.map(mebibytes).join(', ')}`);
    }
    console.log(tableOf(report));
    const receivers = report.totals.reduce((sum, total) => sum + total.receivers, 0);
    const what = `${text(report.published)} events, ${text(receivers)} receivers, ${text(reported)} errors of handlers`;
    if (problems.length === 0) {
        console.log(`${what}: every account is exact; the heap has grown by ${mebibytes(growth)}`);
    }
    else {
        problems.slice(0, SHOWN).forEach((problem) => {
            console.error(problem);
        });
        console.error(`${what}, seed ${seed}: ${problems.length} problems`);
        process.exitCode = 1;
    }
}
function countOf(name, value, otherwise) {
    if (value !== undefined && !/^[1-9]\d*$/.test(value)) {
        throw new RangeError(`--${name}: expected a whole number from 1, got ${value}`);
    }
    return value === undefined ? otherwise : Number(value);
}
/** The growth from the first third to the last third, in bytes. The very first measurement is left out: not all code is compiled yet. */
function growthOf([, ...heap]) {
    const third = Math.ceil(heap.length / 3);
    return third === 0 ? 0 : median(heap.slice(-third)) - median(heap.slice(0, third));
}
function tableOf({ totals }) {
    const head = ['consumer', 'receivers', 'wanted', 'taken', 'lost', 'discarded', 'in gaps'];
    const table = new Table({
        head,
        style: { head: [], border: [], compact: true },
        colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    });
    const rows = [...totals].sort((one, other) => one.behaviour.localeCompare(other.behaviour));
    table.push(...rows.map(({ behaviour, receivers, wanted, taken, lagged, discarded, missed }) => [
        behaviour,
        ...[receivers, wanted, taken, lagged, discarded, missed].map(text),
    ]));
    return table.toString();
}
function text(count) {
    return count.toLocaleString('en');
}
function mebibytes(bytes) {
    return `${(bytes / MEBIBYTE).toFixed(1)} MiB`;
}
