// The command line of the bench of sharing-bus/sqlite.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import Table from 'cli-table3';
import { rounded } from '../figures.js';
import { machineNow } from '../machine.js';
import { given } from '../paths.js';
import { bursts, memory, resume } from './cells.js';

const HELP = `Measures sharing-bus/sqlite beside better-sqlite3 by hand, in one process, by turns: CPU time, medians.

  npm run bench:sqlite -- [options]

  --rounds N     rounds of the bursts (default 20); a resume has ten times as many
  --total N      events in the file that is resumed from (default 1000000)
  --events N     events for the memory (default 1000000)
  --only NAME    bursts, resume or memory
  --smoke        small cells: checks that each works and counts right
  --out FILE     keeps the figures and the machine in this file
`;
const MEGABYTE = 2 ** 20;
/** The most that the memory may grow after the first third. */
const SLACK = { heap: 4 * MEGABYTE, resident: 32 * MEGABYTE };

const { values } = parseArgs({
  options: {
    rounds: { type: 'string' },
    total: { type: 'string' },
    events: { type: 'string' },
    only: { type: 'string' },
    smoke: { type: 'boolean', default: false },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) {
  process.stdout.write(HELP);
  process.exit();
}
const usual = values.smoke ? { rounds: 2, total: 20_000, events: 20_000 } : { rounds: 20, total: 1e6, events: 1e6 };
const [rounds, total, events] = (['rounds', 'total', 'events'] as const).map((name) =>
  Number(values[name] ?? usual[name]),
) as [number, number, number];
const wants = (name: string): boolean => values.only === undefined || values.only === name;
const folder = mkdtempSync(join(tmpdir(), 'sharing-bus-bench-'));
const kept: Record<string, unknown> = { machine: machineNow(), node: process.version };
const table = new Table({
  head: ['', 'µs', 'raw, µs', 'quotient', 'at most'],
  style: { head: [], border: [], compact: true },
});
try {
  if (wants('bursts')) {
    const { figures, quotients } = await bursts(folder, rounds, 100);
    kept['bursts'] = { figures, quotients };
    table.push(['a burst of 64', ...cells(figures, quotients, 'raw'), '1.3']);
  }
  if (wants('resume')) {
    const { figures, quotients } = await resume(folder, 10 * rounds, total);
    kept['resume'] = { figures, quotients };
    table.push([`a resume: 1,000 events of ${total}`, ...cells(figures, quotients, 'raw'), '1.5']);
    table.push(['the same, payloads not parsed', ...cells(figures, quotients, 'raw, payloads not parsed'), '']);
  }
  if (table.length > 0) {
    console.log(table.toString());
  }
  if (wants('memory')) {
    const figures = await memory(folder, events, 10_000);
    kept['memory'] = figures;
    for (const [name, each] of Object.entries(figures) as [string, number[]][]) {
      console.log(
        `${name}, MB at ten points of ${events} events: ${each.map((one) => (one / MEGABYTE).toFixed(1)).join(' ')}`,
      );
    }
    for (const name of ['heap', 'resident'] as const) {
      const [first, rest] = [figures[name].slice(0, 4), figures[name].slice(4)];
      if (!values.smoke && Math.max(...rest) > Math.max(...first) + SLACK[name]) {
        console.error(`the memory has grown (${name})`);
        process.exitCode = 1;
      }
    }
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
if (values.out !== undefined) {
  writeFileSync(given(values.out), `${JSON.stringify(kept, undefined, 2)}\n`);
}

function cells(
  figures: Readonly<Record<string, number>>,
  quotients: Readonly<Record<string, number>>,
  other: string,
): string[] {
  return [
    rounded(figures['bus'] as number),
    rounded(figures[other] as number),
    (quotients[other] as number).toFixed(2),
  ];
}
