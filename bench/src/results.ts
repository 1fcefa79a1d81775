import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import type { Measurement } from './cells/Cell.js';
import { formatted } from './formatted.js';
import { type Machine, machineNow } from './machine.js';
import type { Measurements } from './rounds.js';

/** The results of a run. All tables and plots can be made from them. */
export interface Results {
  readonly machine: Machine;
  /** The command line. */
  readonly command: string;
  /** Runs of each cell of the table. */
  readonly rounds: number;
  readonly cells: Measurements;
}

export function resultsOf(command: string, cells: Measurements): Results {
  const rounds = Math.max(0, ...Object.values(cells).map(({ length }) => length));
  return { machine: machineNow(), command, rounds, cells: withoutSamples(cells) };
}

export async function writeResults(file: string, results: Results): Promise<void> {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, await formatted(JSON.stringify(results), 'json'));
}

export function readResults(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8')) as Results;
}

/** Keeps the median of each round. The single samples are only for a run of one cell. */
function withoutSamples(cells: Measurements): Measurements {
  return Object.fromEntries(
    Object.entries(cells).map(([cell, measurements]) => [
      cell,
      measurements.map(({ samples: _, value, yieldNs, ...rest }): Measurement => {
        return { value: significant(value), ...rest, ...(yieldNs !== undefined && { yieldNs: significant(yieldNs) }) };
      }),
    ]),
  );
}

function significant(value: number): number {
  return Number(value.toPrecision(4));
}
