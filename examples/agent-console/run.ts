import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { SharingBus } from 'sharing-bus';
import type { AgentCommand } from './connectors/AgentProcess.js';
import { Connector } from './connectors/Connector.js';
import { delay } from './connectors/delay.js';
import { type FileProgress, LogFile } from './connectors/logFile.js';
import { Feed, WINDOW } from './feed.js';
import { Ledger } from './ledger.js';
import type { ConsoleOptions } from './options.js';
import type { Report } from './report.js';
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
  /** Events that are not in the archive, and should be. */
  readonly lost: number;
}

/** What a program has of its own that shows a run to others. */
export interface RunHost {
  readonly bus?: SharingBus;
  /** The run goes on when the input has ended, until `stop` aborts; this is called then, and what it returns is awaited. */
  readonly untilInterrupted?: () => Promise<void>;
}

/** How long connectors may take to leave after an interruption, in milliseconds: a read from a pipe may never end. */
const LEAVE_WITHIN = 6000;
/** About so many bytes of lines all files together may have on the bus. */
const MAX_BYTES = 16 * 1024 * 1024;

/**
 * One run of the console: connectors publish, subscribers watch, until the input ends or `stop` aborts.
 *
 * @throws Error where the directory of the scrolls cannot be made; then nothing has begun.
 */
export async function run(
  options: ConsoleOptions,
  screen: Screen,
  report: Report,
  stop: AbortController,
  { bus = new SharingBus(), untilInterrupted }: RunHost = {},
): Promise<Outcome> {
  const files = new ScrollFiles(options.scrolls);
  await files.prepare().catch((error: unknown) => {
    throw new Error(`no scrolls can be kept: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    });
  });

  const source = { bus, ledger: new Ledger() };
  const { ledger } = source;
  const archivist = new Archivist(source, {
    files,
    capacity: WINDOW * (options.files.length + Math.max(1, options.agents.length)),
    onFailure: (error) => {
      report.failure(`the archive cannot be written: ${error instanceof Error ? error.message : String(error)}`);
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
  const usageMeter = new UsageMeter(source);
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
  };
  screen.start(view);

  const connecting = Promise.all(connectorsOf(options, feed, report, progress, stop.signal));
  await Promise.race([connecting, aborted(stop.signal).then(() => delay(LEAVE_WITHIN, new AbortController().signal))]);
  if (untilInterrupted !== undefined) {
    await aborted(stop.signal);
    await untilInterrupted();
  }
  feed.close();
  slowReader?.hurry();
  await Promise.all(subscribers.map(({ done }) => done));
  return { view, usage: usageMeter.totals, lost: archivist.lagged };
}

/** Starts every connector; each promise resolves when its input has ended, whatever went wrong with it. */
function connectorsOf(
  options: ConsoleOptions,
  feed: Feed,
  report: Report,
  progress: readonly FileProgress[],
  signal: AbortSignal,
): Promise<void>[] {
  const taken = new Set<string>();
  const connector = (name: string): Connector => {
    let id = name;
    for (let number = 2; taken.has(id); number += 1) {
      id = `${name}#${number}`;
    }
    taken.add(id);
    return new Connector(id);
  };
  const { agentTimeout: timeout, auth, cwd, follow, fs, permission, prompt, speed } = options;
  const agents: readonly (readonly [name: string, AgentCommand])[] =
    options.files.length + options.agents.length === 0
      ? [['explorer', bundledAgent()]]
      : options.agents.map((command) => [command, command]);
  return [
    ...progress.map(async (file) => {
      const self = connector(`pi:${file.file}`);
      const log = new LogFile({
        connector: self,
        report,
        progress: file,
        follow,
        speed,
        signal,
        maxBytes: MAX_BYTES / progress.length,
        flush: () => feed.flush(),
      });
      await feed.connect(log).catch((error: unknown) => {
        report.failure(`cannot read ${file.file}: ${reasonOf(error)}`);
      });
      await feed.publish(self.end(signal.aborted ? 'interrupted' : 'end of file'));
    }),
    ...agents.map(async ([name, command]) => {
      // The SDK is loaded for agents only: to read files takes none.
      const { AcpAgent } = await import('./connectors/acp.js');
      if (signal.aborted) {
        return;
      }
      const agent = new AcpAgent({
        connector: connector(`acp:${programOf(name)}`),
        feed,
        report,
        command,
        name,
        cwd,
        prompt,
        auth,
        fs,
        permission,
        timeout,
        signal,
      });
      await agent.run();
    }),
  ];
}

/** The agent that ships with the console, run by the same loader as the console itself. */
function bundledAgent(): AgentCommand {
  const main = fileURLToPath(new URL('./agent/main.ts', import.meta.url));
  return { program: process.execPath, args: ['--import', import.meta.resolve('tsx'), main] };
}

/** The program in a command line: a name that holds no secret, as arguments and variables may. */
function programOf(command: string): string {
  const word = command.split(/\s+/).find((one) => one !== '' && !/^\w+=/.test(one)) ?? 'agent';
  return word.replace(/^["']|["']$/g, '').replace(/^.*[/\\]/, '') || 'agent';
}

async function progressOf(file: string): Promise<FileProgress> {
  const size = await stat(file).then(
    (status) => status.size,
    () => 0,
  );
  return { file, size, bytesRead: 0, lines: 0, isDone: false };
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT') {
    return 'there is no such file';
  }
  if (code === 'EISDIR') {
    return 'it is a directory';
  }
  return error instanceof Error ? error.message : String(error);
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
