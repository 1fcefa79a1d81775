import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Measurement } from './cells/Cell.js';
import { unitOf } from './figures.js';
import type { Effort } from './load/bursts.js';

const CELL_PROCESS = fileURLToPath(new URL('cellProcess.js', import.meta.url));
const run = promisify(execFile);

export interface RoundsOptions {
  readonly effort: Effort;
  /** How often each cell is run. */
  readonly rounds: number;
  /** No further round begins that would end later. */
  readonly limitMs: number;
  /** Where V8 profiles of the cells go; none: they are not taken. */
  readonly profiles?: string | undefined;
  readonly onCell: (cell: string, round: number, measurement: Measurement) => void;
}

/** What the rounds have measured: for each cell, one measurement for each round. */
export type Measurements = Readonly<Record<string, readonly Measurement[]>>;

/**
 * Runs each of `cells` once in a round, in a process of its own: what is compared is measured within the same minute.
 * Every other round goes backwards, so that no cell is always the one that comes after a long one. Memory does not vary,
 * and is measured in the first round only.
 */
export async function runRounds(cells: readonly string[], options: RoundsOptions): Promise<Measurements> {
  const { effort, rounds, limitMs, profiles, onCell } = options;
  const started = performance.now();
  const measurements = new Map(cells.map((cell): [string, Measurement[]] => [cell, []]));
  for (let round = 0; round < rounds; round += 1) {
    const elapsed = performance.now() - started;
    if (round > 0 && (elapsed * (round + 1)) / round > limitMs) {
      break;
    }
    const due = round === 0 ? cells : cells.filter((cell) => unitOf(cell) === 'ns');
    for (const cell of round % 2 === 0 ? due : due.toReversed()) {
      const [measurement] = await runCells([cell], effort, profiles);
      if (measurement !== undefined) {
        measurements.get(cell)?.push(measurement);
        onCell(cell, round, measurement);
      }
    }
  }
  return Object.fromEntries(measurements);
}

/** Runs `cells` one after the other in one process; a wrong account in any of them rejects. */
export async function runCells(cells: readonly string[], effort: Effort, profiles?: string): Promise<Measurement[]> {
  const profiling = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const flags = ['--expose-gc', ...profiling];
  const { stdout } = await run(process.execPath, [...flags, CELL_PROCESS, JSON.stringify(effort), ...cells]);
  return stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Measurement);
}
