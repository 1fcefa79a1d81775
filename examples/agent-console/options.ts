import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';

/** What the console is asked to do. */
export interface ConsoleOptions {
  readonly files: readonly string[];
  readonly agents: readonly string[];
  readonly prompt: string;
  /** Absolute. */
  readonly cwd: string;
  readonly auth: string | undefined;
  readonly permission: 'allow' | 'reject';
  /** Whether agents may read files through the console. */
  readonly fs: boolean;
  /** Milliseconds. */
  readonly agentTimeout: number;
  readonly follow: boolean;
  readonly speed: number | undefined;
  /** As it was given. */
  readonly scrolls: string;
  readonly watch: string | undefined;
  /** Milliseconds. */
  readonly slow: number | undefined;
  readonly json: boolean;
}

const DETAILS = `
With neither FILE nor --agent, the agent that ships with the console explores --cwd.

A FILE is a session log of the pi coding agent (JSONL), or a scroll that the console archived. Each session gets a
scroll of its own, DIR/<uuid>.jsonl, one event a line. Events that come before their session is known belong to no
scroll and go to DIR/unbound-<uuid>.jsonl. A file that never names its session is one session, named after the file.
A line that is malformed, cut off or binary is reported on stderr as FILE:LINE, and the rest goes on.

Exit codes:
  0    all went well (bad lines are reported, and do not change it)
  1    the archive lost something
  2    bad usage, a file that cannot be read, or an agent that did not start, did not answer or died
  130  stopped by Ctrl-C (143: by SIGTERM); what was archived until then is whole

Examples:
  $ npm start
  $ npm start -- session.jsonl other.jsonl --slow 5
  $ npm start --silent -- session.jsonl --json > summary.json
  $ npm start -- session.jsonl --follow
  $ npm start -- session.jsonl --speed 60 --watch 0b8f5dc4-6e0f-4c5e-b1a2-7ad1fb1cbb0c
  $ npm start -- --agent "gemini --acp" --auth gemini-api-key --prompt "What is this project?"
  $ npm start -- --agent "first-agent --acp" --agent "second-agent --acp" --cwd ../elsewhere
`;

/**
 * Reads the command line, without the two words that Node puts first.
 *
 * @param command What {@link commandLine} made, with options of the caller's own, perhaps.
 * @throws CommanderError, after it has printed why: for `--help` and `--version` with exit code 0.
 */
export function parseOptions(words: readonly string[], command = commandLine()): ConsoleOptions {
  command.parse([...words], { from: 'user' });
  const { agent: agents = [], agentTimeout, cwd = process.cwd(), ...rest } = command.opts<Given>();
  const files = command.args;
  if (files.length === 0 && (rest.follow || rest.speed !== undefined)) {
    command.error('error: --follow and --speed need a FILE', { exitCode: 2 });
  }
  return {
    ...rest,
    files,
    agents,
    cwd,
    agentTimeout: agentTimeout * 1000,
    auth: rest.auth,
    speed: rest.speed,
    watch: rest.watch,
    slow: rest.slow,
  };
}

/** What commander makes of the words. */
interface Given extends Omit<ConsoleOptions, 'files' | 'agents' | 'agentTimeout' | 'cwd'> {
  readonly agent?: readonly string[];
  readonly cwd?: string;
  /** Seconds. */
  readonly agentTimeout: number;
}

/** The options of the console, as those of the program `name`. */
export function commandLine(name = 'agent-console'): Command {
  return new Command(name)
    .usage('[options] [FILE...]')
    .description('Runs agents, or replays their session logs, over one event bus; archives every session as a scroll.')
    .argument('[FILE...]', 'session logs to read; several are read at once')
    .option('-a, --agent <command>', 'start an ACP agent, as the shell would; may be repeated', append)
    .option('-p, --prompt <text>', 'what the agents are asked', 'Explore this directory, and say what you find.')
    .option('-C, --cwd <dir>', "the agents' directory (default: the present one)", directory)
    .option('--auth <method>', 'authenticate with the agents by this method')
    .addOption(
      new Option('--permission <answer>', 'answer permission requests by allow_once or by reject_once')
        .choices(['allow', 'reject'])
        .default('allow'),
    )
    .option('--no-fs', 'do not offer the agents to read files for them: they read by themselves')
    .option('--agent-timeout <seconds>', 'for each answer until the session of an agent is open', positive, 30)
    .option('-f, --follow', 'go on reading as the files grow, until Ctrl-C', false)
    .option(
      '-s, --speed <factor>',
      'replay so many times faster than it happened (default: as fast as it can be taken)',
      positive,
    )
    .option('--scrolls <dir>', 'where the archive goes', './scrolls')
    .option('-w, --watch <session>', 'the session or connector whose scroll is shown live (default: the first)')
    .option('--slow <ms>', 'add a reader that takes so long for each event, and lags', positive)
    .option('-j, --json', 'print nothing but one summary as JSON, at the end', false)
    .version(version(), '-V, --version')
    .helpOption('-h, --help', 'print this')
    .addHelpText('after', DETAILS)
    .showHelpAfterError(`Usage: ${name} [options] [FILE...]   (--help tells all)`)
    .exitOverride();
}

function append(word: string, words: readonly string[] = []): string[] {
  if (word.trim() === '') {
    throw new InvalidArgumentError('It is empty.');
  }
  return [...words, word];
}

function positive(word: string): number {
  const value = Number(word);
  if (word.trim() === '' || !Number.isFinite(value) || value <= 0) {
    throw new InvalidArgumentError('It must be a number above 0.');
  }
  return value;
}

function directory(word: string): string {
  const path = resolve(word);
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) {
    throw new InvalidArgumentError('It is no directory.');
  }
  return path;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
