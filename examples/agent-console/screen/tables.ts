import Table from 'cli-table3';
import type { FileProgress } from '../connectors/logFile.js';
import type { SessionCount } from '../ledger.js';
import { printable } from '../printable.js';
import type { ConsoleSubscriber } from '../subscribers/ConsoleSubscriber.js';

/** Colour means nothing here: the tables are the same on paper. */
const STYLE = { head: [], border: [], compact: true };

/** The last `most` sessions, and how many there are besides. */
export function sessionTable(sessions: readonly SessionCount[], most: number): string {
  const shown = sessions.slice(-most);
  const table = new Table({
    head: ['scroll', 'connector', 'session', 'events'],
    colAligns: ['left', 'left', 'left', 'right'],
    style: STYLE,
  });
  for (const { scrollId, connectorId, nativeSessionId, events } of shown) {
    table.push([scrollId, printable(connectorId, 24), printable(nativeSessionId, 14), count(events)]);
  }
  const more = sessions.length - shown.length;
  return more > 0 ? `${table.toString()}\n… and ${more} sessions before them` : table.toString();
}

export function subscriberTable(subscribers: readonly ConsoleSubscriber[]): string {
  const table = new Table({
    head: ['subscriber', 'delivered', 'lagged', 'waiting'],
    colAligns: ['left', 'right', 'right', 'right'],
    style: STYLE,
  });
  for (const { name, delivered, lagged, waiting } of subscribers) {
    table.push([name, count(delivered), count(lagged), count(waiting)]);
  }
  return table.toString();
}

const BAR = 24;

/** How far a file has been read. */
export function progressLine({ file, size, bytesRead, lines, isDone }: FileProgress): string {
  const part = size === 0 ? Number(isDone) : Math.min(1, bytesRead / size);
  const filled = Math.round(part * BAR);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  return `${bar} ${percent} ${printable(file, 36)}  ${count(lines)} lines, ${count(bytesRead)} bytes`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
