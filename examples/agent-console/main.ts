/** The entry of the console: reads the command line, and ends with an exit code. See `--help`. */
import { CommanderError } from 'commander';
import { counted } from './count.js';
import { onInterrupt, SIGNALS } from './interrupt.js';
import { type ConsoleOptions, parseOptions } from './options.js';
import { Report } from './report.js';
import { PlainScreen } from './screen/PlainScreen.js';
import type { Screen } from './screen/Screen.js';
import { placesOf, summaryOf, summaryText } from './summary.js';

const EXIT = { ok: 0, lost: 1, failed: 2, ...SIGNALS } as const;

async function main(): Promise<number> {
  let options: ConsoleOptions;
  try {
    options = parseOptions(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    }
    throw error;
  }
  if (options.db !== undefined && (options.list || options.show !== undefined)) {
    return read(options.db, options);
  }
  const stop = new AbortController();
  const interrupted = onInterrupt(stop);
  // Our output has no reader any more. The archive goes on, but files are not followed.
  process.stdout.on('error', () => {
    if (options.follow) {
      stop.abort();
    }
  });
  process.stderr.on('error', () => undefined);

  // Loaded when needed: `--help` needs no bus, and a pipe needs no table.
  const [{ run }, screen] = await Promise.all([import('./run.js'), screenFor(options)]);
  const report = new Report((line) => {
    screen.error(line);
  });
  try {
    const { lost, usage, view } = await run(options, screen, report, stop);
    if (lost > 0) {
      report.failure(`the archive lost ${counted(lost, 'event')}`);
    }
    const summary = options.json
      ? JSON.stringify(summaryOf(view, report.badLines))
      : summaryText(view, usage, placesOf(options));
    screen.finish(summary);
    const signal = interrupted();
    return signal !== undefined
      ? EXIT[signal]
      : lost > 0
        ? EXIT.lost
        : report.failures.length > 0
          ? EXIT.failed
          : EXIT.ok;
  } catch (error) {
    report.failure(error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
}

/** `--list` and `--show`. */
async function read(file: string, { json, show: scroll }: ConsoleOptions): Promise<number> {
  // Its reader has seen enough.
  process.stdout.on('error', () => process.exit(EXIT.ok));
  const screen = new PlainScreen(toStdout, toStderr, json);
  const report = new Report((line) => {
    screen.error(line);
  });
  try {
    const { list, show } = await import('./kept.js');
    if (scroll === undefined) {
      list(file, json, toStdout);
    } else {
      await show(file, scroll, screen, json ? toStdout : undefined);
    }
    return EXIT.ok;
  } catch (error) {
    report.failure(error instanceof Error ? error.message : String(error));
    return EXIT.failed;
  }
}

function toStdout(text: string): void {
  process.stdout.write(text);
}

function toStderr(text: string): void {
  process.stderr.write(text);
}

async function screenFor({ json }: ConsoleOptions): Promise<Screen> {
  if (!process.stdout.isTTY || json) {
    return new PlainScreen(toStdout, toStderr, json);
  }
  const { TableScreen } = await import('./screen/TableScreen.js');
  return new TableScreen(process.stdout, toStderr, (process.env['NO_COLOR'] ?? '') === '');
}

const code = await main();
// Flush the output first. Then nothing may keep the process alive.
process.stdout.write('', () => {
  process.exit(code);
});
