import Table from 'cli-table3';
import type { FileProgress } from '../connectors/logs/LogLines.js';
import { count, counted } from '../count.js';
import type { SessionCount } from '../ledger.js';
import { printable } from '../printable.js';
import type { ConsoleSubscriber } from '../subscribers/ConsoleSubscriber.js';
import type { UsageTotals } from '../subscribers/usageMeter.js';

/** Kinds of lost events that are listed for a subscriber. */
const MAX_KINDS = 8;

/** No colours: the tables carry no meaning in them. */
const STYLE = { head: [], border: [], compact: true };

/** The last `most` sessions, and the number of earlier ones. */
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
  return more > 0 ? `${table.toString()}\n… and ${counted(more, 'earlier session')}` : table.toString();
}

/** The subscribers. For those that read their gaps: the number of gaps, and the kinds of the lost events. */
export function subscriberTable(subscribers: readonly ConsoleSubscriber[]): string {
  const hasGaps = subscribers.some(({ gaps }) => gaps !== undefined);
  const table = new Table({
    head: ['subscriber', 'delivered', 'lagged', 'waiting', ...(hasGaps ? ['gaps'] : [])],
    colAligns: ['left', 'right', 'right', 'right', 'right'],
    style: STYLE,
  });
  for (const { name, delivered, lagged, waiting, gaps } of subscribers) {
    const gapCount = gaps === undefined ? '' : count(gaps.count);
    table.push([name, count(delivered), count(lagged), count(waiting), ...(hasGaps ? [gapCount] : [])]);
  }
  return [table.toString(), ...subscribers.flatMap(gapLine)].join('\n');
}

/** The kinds of the events that a subscriber lost, the most frequent first. */
function gapLine({ name, gaps }: ConsoleSubscriber): string[] {
  const kinds = [...(gaps?.byKind ?? [])].sort(([, some], [, others]) => others - some);
  const shown = kinds.slice(0, MAX_KINDS).map(([kind, missed]) => `${printable(kind, 24)} ${count(missed)}`);
  const more = kinds.length > MAX_KINDS ? `, and ${counted(kinds.length - MAX_KINDS, 'more kind')}` : '';
  return kinds.length === 0 ? [] : [`${name} lost: ${shown.join(', ')}${more}`];
}

/** What was used of each model. A count that is unknown is left empty. Nothing, if no usage was reported. */
export function usageTable({ models, total }: UsageTotals): string[] {
  const table = new Table({
    head: ['model', 'tokens in', 'read from cache', 'written to cache', 'out', 'of it reasoning', 'cost'],
    colAligns: ['left', 'right', 'right', 'right', 'right', 'right', 'right'],
    style: STYLE,
  });
  const rows = models.map((used) => ({ ...used, model: used.model ?? 'unknown' }));
  for (const used of rows.length > 1 ? [...rows, { ...total, model: 'all' }] : rows) {
    const { inputTokens, cachedReadTokens, cachedWriteTokens, outputTokens, reasoningTokens } = used;
    const counts = [inputTokens, cachedReadTokens, cachedWriteTokens, outputTokens, reasoningTokens];
    table.push([
      printable(used.model, 32),
      ...counts.map((one) => (one === undefined ? '' : count(one))),
      money(used.cost ?? {}),
    ]);
  }
  return rows.length === 0 ? [] : [table.toString()];
}

/** Amounts with as many digits as they need, so that small ones are not 0. */
function money(cost: Readonly<Record<string, number>>): string {
  return Object.entries(cost)
    .map(([currency, amount]) => `${amount.toLocaleString('en-US', AMOUNT)} ${printable(currency, 8)}`)
    .join(', ');
}

const AMOUNT = { minimumFractionDigits: 2, maximumFractionDigits: 6 };

const BAR = 24;

/** How far a file has been read. */
export function progressLine({ file, format, size, bytesRead, lines, isDone }: FileProgress): string {
  const part = size === 0 ? Number(isDone) : Math.min(1, bytesRead / size);
  const filled = Math.round(part * BAR);
  const bar = '█'.repeat(filled) + '░'.repeat(BAR - filled);
  const percent = `${Math.floor(part * 100)} %`.padStart(5);
  const what = format === undefined ? '' : `: ${format}`;
  return `${bar} ${percent} ${printable(file, 36)}${what}  ${counted(lines, 'line')}, ${counted(bytesRead, 'byte')}`;
}
