import { describe, expect, it } from '@jest/globals';
import { progressLine, sessionTable, subscriberTable } from '../../examples/agent-console/screen/tables.js';
import { summaryText } from '../../examples/agent-console/summary.js';
import type { ConsoleSubscriber } from '../../examples/agent-console/subscribers/ConsoleSubscriber.js';
import { UsageMeter } from '../../examples/agent-console/subscribers/usageMeter.js';
import { Ledger } from '../../examples/agent-console/ledger.js';
import { counted } from '../../examples/angular-console/src/app/count.js';
import { missingText, slowNote } from '../../examples/angular-console/src/app/live/Connection.js';
import { SharingBus } from 'sharing-bus';

function sessions(count: number): Parameters<typeof sessionTable>[0] {
  return Array.from({ length: count }, () => ({ scrollId: 's', connectorId: 'c', nativeSessionId: 'n', events: 1 }));
}

function subscriber(kinds: number): ConsoleSubscriber {
  const byKind = new Map(Array.from({ length: kinds }, (_, index) => [`kind-${index}`, 1]));
  const gaps = { count: 1, byKind };
  return { name: 'slow-reader', delivered: 1, lagged: kinds, waiting: 0, gaps, done: Promise.resolve() };
}

function summary(count: number): string {
  const usage = new UsageMeter({ bus: new SharingBus(), ledger: new Ledger() }, 8);
  const view = {
    published: count,
    badLineCount: count,
    sessions: [],
    subscribers: [],
    files: [],
    usage,
    failures: [],
    failuresOf: () => [],
  };
  return summaryText(view, usage, './scrolls').split('\n').at(-1) ?? '';
}

describe('what the consoles count', () => {
  const file = { file: 'log.jsonl', size: 1, isDone: true };

  it('is singular where it is one', () => {
    expect(progressLine({ ...file, lines: 1, bytesRead: 1 })).toMatch(/ {2}1 line, 1 byte$/);
    expect(sessionTable(sessions(3), 2)).toMatch(/\n… and 1 earlier session$/);
    expect(subscriberTable([subscriber(9)])).toMatch(/, and 1 more kind$/);
    expect(summary(1)).toBe('1 event published, 1 bad line; the scrolls are in ./scrolls');
    expect(counted(1, 'earlier entry is', 'earlier entries are')).toBe('1 earlier entry is');
    expect(missingText({ after: 1, missing: 1 })).toBe('; 1 event missing');
    expect(slowNote(1)).toMatch(/ 1 event of the whole bus came meanwhile and is not shown\.$/);
  });

  it('is plural otherwise, with separators', () => {
    expect(progressLine({ ...file, lines: 0, bytesRead: 1234 })).toMatch(/ {2}0 lines, 1,234 bytes$/);
    expect(sessionTable(sessions(4), 2)).toMatch(/\n… and 2 earlier sessions$/);
    expect(subscriberTable([subscriber(10)])).toMatch(/, and 2 more kinds$/);
    expect(summary(1234)).toBe('1,234 events published, 1,234 bad lines; the scrolls are in ./scrolls');
    expect(summary(0)).toBe('0 events published, 0 bad lines; the scrolls are in ./scrolls');
    expect(counted(1234, 'earlier entry is', 'earlier entries are')).toBe('1,234 earlier entries are');
    expect(missingText({ after: 1, missing: 2 })).toBe('; 2 events missing');
    expect(slowNote(2)).toMatch(/ 2 events of the whole bus came meanwhile and are not shown\.$/);
  });
});
