import { stat } from 'node:fs/promises';
import { type BusEvent, SharingBus, type SharingBusOptions } from 'sharing-bus';
import { delay } from './connectors/delay.js';
import type { Ask } from './connectors/permission.js';
import type { FileProgress } from './connectors/logs/LogLines.js';
import { Feed, WINDOW } from './feed.js';
import { Ledger } from './ledger.js';
import type { ConsoleOptions } from './options.js';
import type { Report } from './report.js';
import { startConnectors } from './startConnectors.js';
import type { RunView, Screen } from './screen/Screen.js';
import { Archivist } from './subscribers/archivist.js';
import { LiveView } from './subscribers/liveView.js';
import { Notifier } from './subscribers/notifier.js';
import { ScrollFiles } from './subscribers/ScrollFiles.js';
import { SlowReader } from './subscribers/slowReader.js';
import { UsageMeter, type UsageTotals } from './subscribers/usageMeter.js';

/** How a run ended. */
export interface Outcome {
  readonly view: RunView;
  readonly usage: UsageTotals;
  /** Events that the archive should have, but has not. */
  readonly lost: number;
}

/** The bus of a run. */
export interface ConsoleBus {
  readonly bus: SharingBus;
  /** What is published first: see {@link EventFile}. */
  readonly ends: readonly BusEvent[];
}

/** What a program adds that serves a run to others. */
export interface RunHost {
  /** From {@link consoleBus}. */
  readonly bus?: ConsoleBus;
  /** For `--permission ask`. */
  readonly ask?: Ask;
  /** If set, the run goes on after the end of its input until `stop` aborts. Then this is called and awaited. */
  readonly untilInterrupted?: () => Promise<void>;
}

/** Events of an agent that tells something of a session before it has answered that there is one. */
const HELD = 256;
/** How long these may wait, in milliseconds, beyond the time for the answer. */
const HELD_MS = 30_000;

/** How long connectors may take to end after an interruption, in milliseconds: a read from a pipe may never end. */
const LEAVE_WITHIN_MS = 6000;

/** What the bus of a run holds back. */
export function holdUnboundOf({ agentTimeout }: ConsoleOptions): NonNullable<SharingBusOptions['holdUnbound']> {
  return { capacity: HELD, maxAgeMs: Math.min(2 ** 31 - 1, Math.ceil(agentTimeout + HELD_MS)) };
}

/**
 * The bus of a run. What an agent tells of a session that is not open yet waits for that. With `--db`, the events are kept in that file.
 *
 * @param history What it keeps without `--db`.
 * @throws EventFileError
 */
export async function consoleBus(options: ConsoleOptions, history?: SharingBusOptions['history']): Promise<ConsoleBus> {
  const { db } = options;
  const holdUnbound = holdUnboundOf(options);
  if (db === undefined) {
    return { bus: new SharingBus({ holdUnbound, history }), ends: [] };
  }
  // Loaded when needed: it has a binary.
  const { openEventFile } = await import('./eventFile.js');
  const { ends, upstream } = openEventFile(db);
  return { bus: new SharingBus({ holdUnbound, upstream }), ends };
}

/**
 * Runs the console: connectors publish and subscribers receive until the input ends or `stop` aborts.
 *
 * @throws Error if the directory of the scrolls cannot be made, or the file of `--db` cannot be opened. Nothing has started then.
 */
export async function run(
  options: ConsoleOptions,
  screen: Screen,
  report: Report,
  stop: AbortController,
  { ask, bus: given, untilInterrupted }: RunHost = {},
): Promise<Outcome> {
  const files = options.scrolls === undefined ? undefined : new ScrollFiles(options.scrolls);
  await files?.prepare().catch((error: unknown) => {
    throw new Error(
      `cannot make the directory of the scrolls: ${error instanceof Error ? error.message : String(error)}`,
      {
        cause: error,
      },
    );
  });

  const { bus, ends } = given ?? (await consoleBus(options));
  const source = { bus, ledger: new Ledger(HELD) };
  const { ledger } = source;
  // Room for one window of each publisher.
  const capacity = WINDOW * (options.files.length + Math.max(1, options.agents.length));
  const archivist = new Archivist(source, {
    files,
    capacity,
    onFailure: (error) => {
      report.failure(`cannot write the archive: ${error instanceof Error ? error.message : String(error)}`);
      stop.abort();
    },
  });
  const liveView = new LiveView(source, options.watch, (busEvent) => {
    screen.event(busEvent);
  });
  const feed = new Feed(source, archivist, (busEvent) => {
    liveView.consider(busEvent);
  });
  const notifier = new Notifier(source, (text) => {
    screen.notice(text);
  });
  const usageMeter = new UsageMeter(source, capacity);
  const slowReader = options.slow === undefined ? undefined : new SlowReader(source, options.slow);
  const subscribers = [archivist, liveView, notifier, usageMeter, ...(slowReader === undefined ? [] : [slowReader])];

  const progress = await Promise.all(options.files.map(progressOf));
  const view: RunView = {
    get published() {
      return ledger.published;
    },
    get sessions() {
      return [...ledger.sessions.values()];
    },
    get badLineCount() {
      return report.badLineCount;
    },
    subscribers,
    files: progress,
    usage: usageMeter,
    failures: report.failures,
    failuresOf: (connectorId) => report.failuresOf(connectorId),
  };
  screen.start(view);
  archivist.done.catch((error: unknown) => {
    report.failure(`cannot keep the events: ${error instanceof Error ? error.message : String(error)}`);
    feed.close();
    stop.abort();
  });
  await feed.publish(ends);

  const connecting = Promise.all(startConnectors(options, feed, report, progress, stop.signal, ask));
  await Promise.race([
    connecting,
    aborted(stop.signal).then(() => delay(LEAVE_WITHIN_MS, new AbortController().signal)),
  ]);
  if (untilInterrupted !== undefined) {
    await aborted(stop.signal);
    await untilInterrupted();
  }
  feed.close();
  slowReader?.hurry();
  // They fail together, if the events cannot be kept: that was reported.
  await Promise.allSettled(subscribers.map(({ done }) => done));
  return { view, usage: usageMeter, lost: archivist.lagged + archivist.waiting };
}

async function progressOf(file: string): Promise<FileProgress> {
  const size = await stat(file).then(
    (status) => status.size,
    () => 0,
  );
  return { file, size, bytesRead: 0, lines: 0, isDone: false };
}

async function aborted(signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    if (signal.aborted) {
      resolve();
    } else {
      signal.addEventListener('abort', () => {
        resolve();
      });
    }
  });
}
