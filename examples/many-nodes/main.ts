/** One bus in many processes, on a NATS server: see `npm run nodes -- --help`. */
import { mkdirSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { Command, CommanderError, InvalidArgumentError } from 'commander';
import { createLogUpdate } from 'log-update';
import { onInterrupt } from '../agent-console/interrupt.js';
import { killings } from './killings.js';
import { LiveTable } from './LiveTable.js';
import { findNatsServer } from './natsServer.js';
import { Nodes, type Say } from './Nodes.js';
import { verdictText } from './table.js';

const EXIT = { ok: 0, wrong: 1, failed: 2 } as const;

const DETAILS = `
It starts a NATS server and three processes on one stream: an agent console that publishes, an archivist that writes each
event to a file, and a server of event streams with a page. Kill any of them, by a key or by its pid: it is started again
after 2 seconds. At the end, the journal of the console, the stream, the archive and what a page has got are compared.

It needs nats-server 2.9 or later: "apt-get install nats-server", "brew install nats-server", or NATS_BIN=FILE.

Exit codes: 0 nothing lost, doubled or out of order; 1 something was; 2 wrong usage, or no server.
`;

/** The longest time of a timer. */
const LONGEST_MS = 2 ** 31 - 1;

interface Options {
  /** `undefined`: until Ctrl-C. */
  readonly seconds: number | undefined;
  readonly kill: boolean;
  /** `undefined`: one that is removed at the end. */
  readonly folder: string | undefined;
}

async function main(): Promise<number> {
  let options: Options;
  try {
    options = parse(process.argv.slice(2));
  } catch (error) {
    if (error instanceof CommanderError) {
      return error.exitCode === 0 ? EXIT.ok : EXIT.failed;
    }
    throw error;
  }
  const stop = new AbortController();
  onInterrupt(stop);
  const isTable = process.stdout.isTTY && options.seconds === undefined;
  const draw = createLogUpdate(process.stdout);
  const say: Say = (line) => {
    if (isTable) {
      draw.persist(line);
    } else {
      process.stderr.write(`${line}\n`);
    }
  };
  try {
    const begin = performance.now();
    const nodes = await start(options.folder, say);
    const table = isTable ? new LiveTable(nodes, draw) : undefined;
    const killed = options.kill ? await killAll(nodes, options.seconds ?? 0, stop.signal, say) : [];
    await untilEnd(begin, options.seconds, stop.signal);
    say('It ends: the readers catch up, and everything is compared.');
    const verdict = await nodes.end();
    table?.end();
    const seconds = Math.round((performance.now() - begin) / 1000);
    console.log(
      isTable ? verdictText(verdict) : JSON.stringify({ seconds, killed, restarts: nodes.restarts, ...verdict }),
    );
    return verdict.isRight ? EXIT.ok : EXIT.wrong;
  } catch (error) {
    process.stderr.write(`error: ${error instanceof Error ? error.message : String(error)}\n`);
    return EXIT.failed;
  }
}

function parse(words: readonly string[]): Options {
  const command = new Command('many-nodes')
    .description('One bus in three processes, on a NATS server. Each can be killed, and the server, too.')
    .option('--for <seconds>', 'end after this time, and print a summary as JSON (default: until Ctrl-C)', positive)
    .option('--kill', 'kill each process once, and the server, at random moments; needs --for', false)
    .option('--folder <dir>', 'keep all data here, and go on with what is there (default: a folder that is removed)')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', DETAILS)
    .exitOverride();
  command.parse([...words], { from: 'user' });
  const { folder, for: seconds, kill } = command.opts<{ for?: number; kill: boolean; folder?: string }>();
  if (kill && seconds === undefined) {
    command.error('error: --kill needs --for', { exitCode: 2 });
  }
  return { seconds, kill, folder };
}

function positive(word: string): number {
  const value = Number(word);
  if (word.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number above 0.');
  }
  return value;
}

async function start(given: string | undefined, say: Say): Promise<Nodes> {
  const program = findNatsServer();
  const folder = given === undefined ? mkdtempSync(join(tmpdir(), 'sharing-bus-nodes-')) : resolve(given);
  mkdirSync(folder, { recursive: true });
  const nodes = await Nodes.start(program, folder, given === undefined, say);
  say(`The page is at ${nodes.url}`);
  return nodes;
}

/** Kills each process once, unless `signal` aborts before. Returns who was killed, and when. */
async function killAll(nodes: Nodes, seconds: number, signal: AbortSignal, say: Say): Promise<string[]> {
  const begin = performance.now();
  const killed: string[] = [];
  for (const { atMs, name } of killings(nodes.names, seconds * 1000)) {
    await wait(Math.max(0, begin + atMs - performance.now()), undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      break;
    }
    await nodes.kill(name);
    const at = ((performance.now() - begin) / 1000).toFixed(1);
    say(`${name} is killed after ${at} s`);
    killed.push(`${name} after ${at} s`);
  }
  return killed;
}

async function untilEnd(begin: number, seconds: number | undefined, signal: AbortSignal): Promise<void> {
  const left = seconds === undefined ? LONGEST_MS : Math.max(0, begin + seconds * 1000 - performance.now());
  while (!signal.aborted) {
    await wait(left, undefined, { signal }).catch(() => undefined);
    if (seconds !== undefined) {
      return;
    }
  }
}

const code = await main();
// Flush the output first. Then nothing may keep the process alive.
process.stdout.write('', () => {
  process.exit(code);
});
