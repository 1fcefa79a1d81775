import { counted } from './count.js';
import type { BadLine } from './report.js';
import type { SessionCount } from './ledger.js';
import type { ConsoleOptions } from './options.js';
import { progressLine, sessionTable, subscriberTable, usageTable } from './screen/tables.js';
import type { RunView } from './screen/Screen.js';
import type { ModelUsage, UsageTotals } from './subscribers/usageMeter.js';

/** A file, as the summary lists it. */
export interface FileSummary {
  readonly file: string;
  /** What it is; absent if that is unknown. */
  readonly format?: string;
  readonly lines: number;
}

/** A session, as the summary lists it. */
export interface SessionSummary extends SessionCount {
  /** By model. Empty if the agent has reported none. */
  readonly usage: readonly ModelUsage[];
  /** What went wrong with its agent. */
  readonly failures: readonly string[];
}

/** A subscriber, as the summary lists it. */
export interface SubscriberCount {
  readonly name: string;
  readonly delivered: number;
  readonly lagged: number;
  /** Only for a subscriber that reads its gaps. */
  readonly gaps?: { readonly count: number; readonly byKind: Readonly<Record<string, number>> };
}

/** What `--json` prints. */
export interface Summary {
  readonly published: number;
  readonly sessions: readonly SessionSummary[];
  readonly subscribers: readonly SubscriberCount[];
  readonly badLines: readonly BadLine[];
  readonly files: readonly FileSummary[];
  /** What all sessions have used, by model. A request that stands in several logs counts once. */
  readonly usage: readonly ModelUsage[];
  readonly failures: readonly string[];
}

export function summaryOf(view: RunView, badLines: readonly BadLine[]): Summary {
  return {
    published: view.published,
    sessions: view.sessions.map(({ scrollId, connectorId, nativeSessionId, events }) => ({
      scrollId,
      connectorId,
      nativeSessionId,
      events,
      usage: view.usage.of(connectorId, nativeSessionId),
      failures: view.failuresOf(connectorId),
    })),
    subscribers: view.subscribers.map(({ name, delivered, lagged, gaps }) => ({
      name,
      delivered,
      lagged,
      ...(gaps !== undefined && { gaps: { count: gaps.count, byKind: Object.fromEntries(gaps.byKind) } }),
    })),
    badLines,
    files: view.files.map(({ file, format, lines }) => ({ file, ...(format !== undefined && { format }), lines })),
    usage: view.usage.models,
    failures: view.failures,
  };
}

/** Where the scrolls are. */
export function placesOf({ db, scrolls }: Pick<ConsoleOptions, 'db' | 'scrolls'>): string {
  return [db, scrolls].filter((place) => place !== undefined).join(' and ');
}

/**
 * The summary for people to read.
 *
 * @param places Where the scrolls are.
 */
export function summaryText(view: RunView, usage: UsageTotals, places: string): string {
  return [
    '',
    ...view.files.map(progressLine),
    sessionTable(view.sessions, 50),
    subscriberTable(view.subscribers),
    ...usageTable(usage),
    `${counted(view.published, 'event')} published, ${counted(view.badLineCount, 'bad line')}; the scrolls are in ${places}`,
  ].join('\n');
}
