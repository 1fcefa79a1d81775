/** `--list` and `--show`: what a file of events keeps. Another process may write to it meanwhile. */
import { type BusEvent, EventFilter, type Gap, type Uuid } from 'sharing-bus';
import { type SqliteUpstream, sqliteUpstream } from 'sharing-bus/sqlite';
import { counted } from './count.js';
import { printable } from './printable.js';
import type { Screen } from './screen/Screen.js';

/** A scroll, as `--list --json` prints it. */
interface ListedScroll {
  readonly scrollId: Uuid;
  /** Absent if its first event has none. */
  readonly connectorId?: string | undefined;
  readonly nativeSessionId?: string | undefined;
  readonly events: number;
  /** When its first and its last event happened, in milliseconds since 1970. */
  readonly firstAt: number;
  readonly lastAt: number;
}

/** Events that are shown before what was written is given to the system. */
const PART = 256;
/** The most scrolls that an error names. */
const MOST_NAMED = 5;

/**
 * Prints a line for each scroll, the one with the oldest event first.
 *
 * @param json Whether each line is an object.
 * @throws EventFileError
 */
export function list(file: string, json: boolean, out: (text: string) => void): void {
  reading(file, (upstream) => {
    const scrolls = upstream.scrolls().flatMap((scroll) => {
      const first = firstOf(upstream, scroll.scrollId);
      return first === undefined ? [] : [listed(scroll, first)];
    });
    const lines = json ? scrolls.map((scroll) => JSON.stringify(scroll)) : linesOf(scrolls);
    out(lines.map((line) => `${line}\n`).join(''));
  });
}

/**
 * Shows the events of a scroll.
 *
 * @param id The id of the scroll, or the beginning of it.
 * @param write Prints an event as JSON; `undefined` to show it on `screen`.
 * @throws EventFileError, and Error if there is not exactly one such scroll.
 */
export async function show(
  file: string,
  id: string,
  screen: Screen,
  write: ((text: string) => void) | undefined,
): Promise<void> {
  await reading(file, async (upstream) => {
    const scrollId = theOne(upstream, file, id);
    let events = 0;
    let last: BusEvent | undefined;
    for (const delivery of upstream.deliveries(EventFilter.scrollId(scrollId))) {
      if (delivery.type === 'event') {
        events += 1;
        last = delivery.event;
        if (write === undefined) {
          screen.event(last);
        } else {
          write(`${JSON.stringify(last)}\n`);
        }
        if (events % PART === 0) {
          await new Promise(setImmediate);
        }
      } else if (write === undefined) {
        screen.notice(gapText(delivery));
      } else {
        screen.error(`warning: ${gapText(delivery)}`);
      }
    }
    if (write === undefined) {
      const { connectorId = '-', nativeSessionId = '-' } = last?.routing ?? {};
      const session = `${printable(connectorId)}, session ${printable(nativeSessionId)}`;
      screen.finish(`\n${counted(events, 'event')} of scroll ${scrollId}: ${session}`);
    }
  });
}

/** Calls `act` with the file, and closes it when what that returns is done. */
function reading<T>(file: string, act: (upstream: SqliteUpstream) => T): T {
  const upstream = sqliteUpstream({ file, readOnly: true });
  let result: T;
  try {
    result = act(upstream);
  } catch (error) {
    upstream.close();
    throw error;
  }
  const close = (): void => {
    upstream.close();
  };
  if (result instanceof Promise) {
    return result.finally(close) as T;
  }
  close();
  return result;
}

function firstOf(upstream: SqliteUpstream, scrollId: Uuid): BusEvent | undefined {
  for (const delivery of upstream.deliveries(EventFilter.scrollId(scrollId))) {
    if (delivery.type === 'event') {
      return delivery.event;
    }
  }
  // Its events were removed meanwhile.
  return undefined;
}

function listed(
  { scrollId, events, at }: ReturnType<SqliteUpstream['scrolls']>[number],
  { at: firstAt = at, routing: { connectorId, nativeSessionId } }: BusEvent,
): ListedScroll {
  return { scrollId, connectorId, nativeSessionId, events, firstAt, lastAt: at };
}

function linesOf(scrolls: readonly ListedScroll[]): string[] {
  const rows = scrolls.map(({ scrollId, connectorId = '-', nativeSessionId = '-', events, firstAt, lastAt }) => [
    scrollId,
    printable(connectorId),
    printable(nativeSessionId),
    counted(events, 'event'),
    timeText(firstAt),
    timeText(lastAt),
  ]);
  const widthOf = (column: number): number => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const widths = [0, widthOf(1), widthOf(2), widthOf(3)];
  return rows.map((row) =>
    row
      .map((text, column) => (column === 3 ? text.padStart(widths[3] ?? 0) : text.padEnd(widths[column] ?? 0)))
      .join('  '),
  );
}

/** UTC. An agent may say any number. */
function timeText(at: number): string {
  const date = new Date(at);
  return Number.isNaN(date.getTime()) ? String(at) : date.toISOString();
}

/** @throws Error if not exactly one scroll begins with `id`. */
function theOne(upstream: SqliteUpstream, file: string, id: string): Uuid {
  const wanted = id.toLowerCase();
  const found = upstream
    .scrolls()
    .map(({ scrollId }) => scrollId)
    .filter((scrollId) => scrollId.startsWith(wanted));
  const [only] = found;
  if (only === undefined) {
    throw new Error(`no scroll in ${file} begins with ${id}: --list prints all`);
  }
  if (found.length > 1) {
    const named = found.slice(0, MOST_NAMED).join(', ');
    const more = found.length > MOST_NAMED ? `, and ${counted(found.length - MOST_NAMED, 'other')}` : '';
    throw new Error(`${found.length} scrolls in ${file} begin with ${id}: ${named}${more}`);
  }
  return only;
}

function gapText({ atMost, missed }: Gap): string {
  if (missed === Infinity) {
    return 'here, an unknown number of events may be missing';
  }
  return `here, ${atMost ? 'up to ' : ''}${counted(missed, 'event')} ${missed === 1 ? 'is' : 'are'} missing`;
}
