/** The server of the page: the agent console on a bus with a history. See `--help`. */
import { CommanderError, InvalidArgumentError } from 'commander';
import { onInterrupt } from '../../agent-console/interrupt.js';
import { commandLine, type ConsoleOptions, parseOptions } from '../../agent-console/options.js';
import { Report } from '../../agent-console/report.js';
import { consoleBus, run } from '../../agent-console/run.js';
import type { Screen } from '../../agent-console/screen/Screen.js';
import { placesOf, summaryOf, summaryText } from '../../agent-console/summary.js';
import { Token } from './answerRoute.js';
import { PageServer } from './PageServer.js';
import { PendingPermissions } from './PendingPermissions.js';
import { readSite } from './site.js';

const EXIT = { ok: 0, lost: 1, failed: 2 } as const;
const PORT = 4180;
/** The events that a page gets when it starts late or reconnects. With `--db`, it gets all that are in the file. */
const HISTORY = { capacity: 100_000, maxBytes: 64 * 1024 * 1024 };

const DETAILS = `
The page shows the events on the bus, and the subscribers of the console. The server listens on 127.0.0.1 only. It runs
until Ctrl-C, also after the end of the input. All other options are those of the agent console.

With --db, the page shows the sessions of earlier runs, too. It goes on where it was when the server was killed and is
started again with the same file.

With --permission ask, an agent that asks for permission waits until somebody answers in the page. Pages can do that if
they are opened by the URL that is printed: it has a token.
`;

interface ServerOptions extends ConsoleOptions {
  readonly port: number;
}

async function main(): Promise<number> {
  let options: ServerOptions;
  try {
    options = serverOptions(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    }
    throw error;
  }
  const stop = new AbortController();
  onInterrupt(stop);
  const report = new Report((line) => {
    process.stderr.write(`${line}\n`);
  });
  const permissions = new PendingPermissions();
  const token = new Token();
  let server: PageServer | undefined;
  try {
    const site = await readSite(new URL('../dist/', import.meta.url));
    const bus = await consoleBus(options, HISTORY);
    const pages = new PageServer(bus.bus, site, permissions, token);
    server = pages;
    const port = await pages.listen(options.port);
    // In the fragment: a browser sends that to nobody.
    const fragment = options.permission === 'ask' ? `#token=${token.text}` : '';
    console.log(`The console is at http://127.0.0.1:${port}/${fragment} until Ctrl-C.`);
    const { lost, usage, view } = await run(options, screen, report, stop, {
      bus,
      ask: permissions.ask,
      // Before the bus is closed: a stream that the bus ends is over, and its page would not reconnect.
      untilInterrupted: () => pages.endStreams(),
    });
    console.log(
      options.json ? JSON.stringify(summaryOf(view, report.badLines)) : summaryText(view, usage, placesOf(options)),
    );
    return lost > 0 ? EXIT.lost : EXIT.ok;
  } catch (error) {
    report.failure(error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  } finally {
    await server?.close();
  }
}

function serverOptions(words: readonly string[]): ServerOptions {
  const command = commandLine('angular-console', ['ask', 'allow', 'reject'])
    .description('Shows running agents, or their session logs, in a page.')
    .option('--port <number>', 'the port on 127.0.0.1; 0 for any free port', port, PORT)
    .addHelpText('after', DETAILS);
  return { ...parseOptions(words, command), port: command.opts<{ readonly port: number }>().port };
}

function port(word: string): number {
  const value = Number(word);
  if (!/^\d+$/.test(word) || value > 65_535) {
    throw new InvalidArgumentError('It must be a port from 0 to 65535.');
  }
  return value;
}

/** The page shows the run. The terminal shows only errors. */
const screen: Screen = {
  start: () => undefined,
  event: () => undefined,
  notice: () => undefined,
  error: (line) => {
    process.stderr.write(`${line}\n`);
  },
  finish: () => undefined,
};

const code = await main();
// Flush the output first. Then nothing may keep the process alive.
process.stdout.write('', () => {
  process.exit(code);
});
