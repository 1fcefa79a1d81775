// The command line of the bench of event streams.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { rounded } from '../figures.js';
import { median } from '../load/median.js';
import { machineNow } from '../machine.js';
import { given, ROOT } from '../paths.js';
import { type Cell, CELLS, smaller, type Target, TARGETS } from './cells.js';
import { measureClient, measureServer, type Setting } from './measure.js';
import { drawPlots } from './plots.js';

const HELP = `Measures event streams beside their peers: CPU time of the server or of the client, each in a process of its own.

  npm run bench:sse -- [options]

  --smoke         small cells: checks that each works and that its account is right; no times
  --only REGEX    only cells with a matching name
  --rounds N      runs of each cell (default 5)
  --against DIR   also measures the library in another checkout, built, by turns
  --profile DIR   writes a V8 CPU profile of each measured process
  --plot          draws docs/plots/event-streams-*.svg
  --out FILE      keeps the medians and the machine in this file
  --help          this text
`;

const { values } = parseArgs({
  options: {
    smoke: { type: 'boolean', default: false },
    only: { type: 'string', default: '' },
    rounds: { type: 'string', default: '5' },
    against: { type: 'string' },
    profile: { type: 'string' },
    plot: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
} else {
  await main();
}

async function main(): Promise<void> {
  const only = new RegExp(values.only);
  const profile = values.profile === undefined ? undefined : given(values.profile);
  const own: Setting = { dist: `${ROOT}/dist`, warmUp: values.smoke ? 2 : 60, profile };
  const other: Setting | undefined =
    values.against === undefined ? undefined : { ...own, dist: `${given(values.against)}/dist` };
  const chosen = [...CELLS].filter(([name]) => only.test(name));
  if (values.smoke) {
    for (const [name, cell] of chosen) {
      await measure(smaller(cell), own);
      console.log(`${name}: each event came or was told as missing`);
    }
    return;
  }
  const figures = new Map<string, number[]>();
  for (let round = 0; round < Number(values.rounds); round += 1) {
    for (const [name, cell] of chosen) {
      await note(figures, name, cell, own);
      if (other !== undefined && (name.includes('/bus') || name.includes('from-event-stream'))) {
        await note(figures, `other ${name}`, cell, other);
      }
    }
  }
  const medians = new Map([...figures].map(([name, each]) => [name, median(each)]));
  report(medians);
  if (values.plot) {
    await drawPlots(medians);
  }
  if (values.out !== undefined) {
    const kept = { machine: machineNow(), rounds: Number(values.rounds), medians: Object.fromEntries(medians) };
    writeFileSync(given(values.out), `${JSON.stringify(kept, undefined, 2)}\n`);
  }
}

async function note(figures: Map<string, number[]>, name: string, cell: Cell, setting: Setting): Promise<void> {
  const figure = await measure(cell, setting);
  figures.set(name, [...(figures.get(name) ?? []), figure]);
  console.error(`${name}: ${rounded(figure)}`);
}

function measure(cell: Cell, setting: Setting): Promise<number> {
  return cell.of === 'server' ? measureServer(cell.cell, setting) : measureClient(cell.cell, setting);
}

function report(medians: ReadonlyMap<string, number>): void {
  const cells = new Table({ head: ['cell', 'µs of CPU, or bytes'], style: { head: [], border: [], compact: true } });
  cells.push(...[...medians].map(([name, figure]) => [name, rounded(figure)]));
  console.log(cells.toString());
  const targets = new Table({ head: ['', 'measured', 'at most'], style: { head: [], border: [], compact: true } });
  targets.push(
    ...TARGETS.flatMap((target) => {
      const measured = comparison(target, medians);
      return measured === undefined ? [] : [[target.what, rounded(measured), target.most]];
    }),
  );
  console.log(targets.toString());
}

function comparison(
  { subject, base, as, isOfOther }: Target,
  medians: ReadonlyMap<string, number>,
): number | undefined {
  const [one, two] = [medians.get(subject), medians.get(isOfOther === true ? `other ${base}` : base)];
  return one === undefined || two === undefined ? undefined : as === 'quotient' ? one / two : one - two;
}
