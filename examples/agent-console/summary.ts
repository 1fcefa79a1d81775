import type { BadLine } from './report.js';
import type { SessionCount } from './ledger.js';
import { progressLine, sessionTable, subscriberTable } from './screen/tables.js';
import type { RunView } from './screen/Screen.js';
import type { UsageTotals } from './subscribers/usageMeter.js';

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
  readonly sessions: readonly SessionCount[];
  readonly subscribers: readonly SubscriberCount[];
  readonly badLines: readonly BadLine[];
}

export function summaryOf(view: RunView, badLines: readonly BadLine[]): Summary {
  return {
    published: view.published,
    sessions: view.sessions.map(({ scrollId, connectorId, nativeSessionId, events }) => ({
      scrollId,
      connectorId,
      nativeSessionId,
      events,
    })),
    subscribers: view.subscribers.map(({ name, delivered, lagged, gaps }) => ({
      name,
      delivered,
      lagged,
      ...(gaps !== undefined && { gaps: { count: gaps.count, byKind: Object.fromEntries(gaps.byKind) } }),
    })),
    badLines,
  };
}

/** The summary for people to read. */
export function summaryText(view: RunView, usage: UsageTotals, scrolls: string): string {
  const cost = [...usage.cost].map(([currency, amount]) => `${amount.toFixed(2)} ${currency}`).join(', ');
  return [
    '',
    ...view.files.map(progressLine),
    sessionTable(view.sessions, 50),
    subscriberTable(view.subscribers),
    `usage: ${usage.inputTokens} tokens in, ${usage.outputTokens} out, ${usage.cachedReadTokens} read from cache, ` +
      `${usage.cachedWriteTokens} written to cache${cost === '' ? '' : `; ${cost}`}`,
    `${view.published} events published, ${view.badLineCount} bad lines; the scrolls are in ${scrolls}`,
  ].join('\n');
}
