import Table from 'cli-table3';
import { count, counted } from '../agent-console/count.js';
import { printable } from '../agent-console/printable.js';
import type { Figures } from './node.js';
import type { Verdict } from './verdict.js';

/** A process, or a reader. */
export interface Row extends Omit<Figures, 'status'> {
  /** The key that kills it. */
  readonly key?: string;
  readonly name: string;
  readonly pid?: number | undefined;
  readonly restarts?: number;
  readonly status: string;
}

const COUNTS = ['published', 'stored', 'delivered', 'archived', 'missing', 'doubled', 'place'] as const;
const STATUS = 14;

/** The table of all processes. What one does not have is left empty. */
export function tableOf(rows: readonly Row[]): string {
  const table = new Table({
    head: ['', 'process', 'pid', 'restarts', ...COUNTS, 'status'],
    colAligns: ['left', 'left', ...['pid', 'restarts', ...COUNTS].map(() => 'right' as const), 'left'],
    style: { head: [], border: [], compact: true },
  });
  for (const row of rows) {
    const counts = COUNTS.map((name) => row[name]);
    table.push([
      ...[row.key ?? '', row.name, row.pid === undefined ? '' : `${row.pid}`],
      ...[row.restarts, ...counts].map((value) => (value === undefined ? '' : count(value))),
      printable(row.status, STATUS),
    ]);
  }
  return table.toString();
}

/** The comparison at the end, for people. */
export function verdictText({ isRight, isSame, published, readers }: Verdict): string {
  const table = new Table({
    head: ['reader', 'events', 'lost', 'doubled', 'out of order', 'missing'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right'],
    style: { head: [], border: [], compact: true },
  });
  for (const [name, { doubled, events, lost, missing, outOfOrder }] of Object.entries(readers)) {
    table.push([name, ...[events, lost, doubled, outOfOrder, missing].map(count)]);
  }
  const same = isSame ? 'All readers have the same events at the same places.' : 'The readers have not got the same.';
  return [
    `${counted(published, 'event')} in the journal of the agents`,
    table.toString(),
    `${same} ${isRight ? 'Nothing is lost, nothing is doubled.' : 'Something is WRONG.'}`,
  ].join('\n');
}
