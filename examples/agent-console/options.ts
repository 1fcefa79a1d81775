import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';

/** What may differ between the agents of a run. */
export interface AgentDefaults {
  /** The authentication method. */
  readonly auth?: string | undefined;
  /** The mode of the session. */
  readonly mode?: string | undefined;
}

/** An agent to start. */
export interface AgentOptions extends AgentDefaults {
  /** For the shell. */
  readonly command: string;
  /** What the user calls it. */
  readonly name?: string | undefined;
}

/** Who answers permission requests: the console itself, or those who look at it. */
export type Permission = 'allow' | 'reject' | 'ask';

/** The command line, parsed. */
export interface ConsoleOptions {
  readonly files: readonly string[];
  readonly agents: readonly AgentOptions[];
  /** For the bundled agent. The others have these already. */
  readonly agentDefaults: AgentDefaults;
  readonly prompt: string;
  /** An absolute path. */
  readonly cwd: string;
  readonly permission: Permission;
  /** Whether agents may read files through the console. */
  readonly fs: boolean;
  /** Milliseconds. */
  readonly agentTimeout: number;
  /** Milliseconds. */
  readonly promptTimeout: number | undefined;
  readonly follow: boolean;
  readonly speed: number | undefined;
  /** The file that keeps the events. As given, so it may be relative. */
  readonly db: string | undefined;
  /** The directory of the archive, as given. `undefined` if only `db` keeps the events. */
  readonly scrolls: string | undefined;
  /** Whether to print the scrolls in `db`, and start nothing. */
  readonly list: boolean;
  /** The scroll in `db` to print, by its id or the beginning of it. Nothing is started then. */
  readonly show: string | undefined;
  readonly watch: string | undefined;
  /** Milliseconds. */
  readonly slow: number | undefined;
  readonly json: boolean;
}

const DETAILS = `
Without FILE and --agent, the bundled agent explores the directory of --cwd.

A FILE is a session log of pi, Claude Code, Codex, Copilot CLI, Gemini CLI, Qwen Code or OpenCode (its export), or a
scroll that the console archived. Its first line tells which; gzip is decompressed. Each session gets a scroll of its
own, DIR/<uuid>.jsonl, with one event per line. Events before the session is known belong to no scroll: they go to
DIR/unbound-<uuid>.jsonl. If a file names no session, all of it is one session, named after the file.
A line that is malformed, incomplete or binary is reported on stderr as FILE:LINE, and skipped.

With --db, the scrolls are in a SQLite database instead; with --scrolls, too, they are in both. Each run adds to the
database. A session that was there before gets another scroll.

--name, --auth and --mode belong to the --agent before them. Before the first --agent, --auth and --mode are for all
agents. A relative path in a command is looked for in the current directory, also with --cwd. An agent that does not
ask before it acts is not kept from anything by --permission reject: --mode sets a mode in which it asks.

Exit codes:
  0    success (bad lines are reported, and do not change the code)
  1    the archive lost events
  2    wrong usage, a file of which nothing can be used, a database that cannot be opened, a scroll that is not in it,
       or an agent that did not start, did not answer or died, or whose model did not answer
  130  stopped by Ctrl-C (143: by SIGTERM); everything archived until then is complete

Examples:
  $ npm start
  $ npm start -- session.jsonl other.jsonl --slow 5
  $ npm start --silent -- session.jsonl --json > summary.json
  $ npm start -- session.jsonl --follow
  $ npm start -- --db runs.db
  $ npm start --silent -- --db runs.db --list
  $ npm start --silent -- --db runs.db --show 0b8f5dc4 --json > scroll.jsonl
  $ npm start -- session.jsonl --speed 60 --watch 0b8f5dc4-6e0f-4c5e-b1a2-7ad1fb1cbb0c
  $ npm start -- --agent "gemini --acp" --auth gemini-api-key --prompt "What is this project?"
  $ npm start -- --agent "first-agent --acp" --auth key --agent "npx second-agent" --name second --mode default
`;

/**
 * Parses the command line.
 *
 * @param words The arguments of the program.
 * @param command From {@link commandLine}. The caller may have added options of its own.
 * @throws CommanderError, after it has printed the reason. For `--help` and `--version`, its exit code is 0.
 */
export function parseOptions(words: readonly string[], command = withReading(commandLine())): ConsoleOptions {
  command.parse([...words], { from: 'user' });
  const { agent: agents = [], agentTimeout, auth, cwd = process.cwd(), mode, ...given } = command.opts<Given>();
  const { list = false, name: _, promptTimeout, scrolls, show, ...rest } = given;
  const agentDefaults = { ...auth, ...mode };
  const files = command.args;
  if (files.length === 0 && (rest.follow || rest.speed !== undefined)) {
    command.error('error: --follow and --speed need a FILE', { exitCode: 2 });
  }
  if (list || show !== undefined) {
    const option = list ? '--list' : '--show';
    if (rest.db === undefined) {
      command.error(`error: ${option} needs --db FILE`, { exitCode: 2 });
    }
    if (files.length + agents.length > 0) {
      command.error(`error: ${option} starts nothing: it takes no FILE and no --agent`, { exitCode: 2 });
    }
  }
  const hasScrolls = rest.db === undefined || command.getOptionValueSource('scrolls') !== 'default';
  return {
    ...rest,
    db: rest.db,
    scrolls: hasScrolls ? scrolls : undefined,
    list,
    show,
    files,
    agents: agents.map((agent) => ({ ...agentDefaults, ...agent })),
    agentDefaults,
    cwd,
    agentTimeout: agentTimeout * 1000,
    promptTimeout: promptTimeout === undefined ? undefined : promptTimeout * 1000,
    speed: rest.speed,
    watch: rest.watch,
    slow: rest.slow,
  };
}

/** What commander parses. */
interface Given extends Omit<ConsoleOptions, 'files' | 'agents' | 'agentDefaults' | 'agentTimeout' | 'cwd' | 'list'> {
  readonly agent?: readonly AgentOptions[];
  /** For all agents; those that are for one are in `agent`. */
  readonly auth?: AgentDefaults;
  readonly mode?: AgentDefaults;
  readonly name?: unknown;
  readonly cwd?: string;
  readonly list?: boolean;
  /** Seconds. */
  readonly agentTimeout: number;
  /** Seconds. */
  readonly promptTimeout: number | undefined;
}

/**
 * The options of the console, for a program called `name`.
 *
 * @param permissions What `--permission` may be, the default first.
 */
export function commandLine(name = 'agent-console', permissions: readonly Permission[] = ['allow', 'reject']): Command {
  const { add, set } = agentWords();
  return new Command(name)
    .usage('[options] [FILE...]')
    .description('Runs agents, or replays their session logs, over one event bus. Archives every session as a scroll.')
    .argument('[FILE...]', 'session logs to read; several are read at once')
    .option('-a, --agent <command>', 'start an ACP agent with this shell command; may be repeated', add)
    .option('--name <name>', 'what to call the --agent before it (default: its program)', set('name'))
    .option('--auth <method>', 'the method to authenticate with the --agent before it, or with all', set('auth'))
    .option('--mode <mode>', 'the mode to set in the session of the --agent before it, or of all', set('mode'))
    .option('-p, --prompt <text>', 'what to ask the agents', 'Explore this directory, and say what you find.')
    .option('-C, --cwd <dir>', 'the working directory of the agents (default: the current one)', directory)
    .addOption(
      new Option('--permission <answer>', permissionText(permissions)).choices(permissions).default(permissions[0]),
    )
    .option('--no-fs', 'do not offer to read files for the agents: they read files themselves')
    .option(
      '--agent-timeout <seconds>',
      'how long to wait for each answer until the session of an agent is open',
      positive,
      30,
    )
    .option('--prompt-timeout <seconds>', 'cancel a turn that takes longer (default: no limit)', positive)
    .option('-f, --follow', 'wait for the files, and keep reading as they grow, until Ctrl-C', false)
    .option(
      '-s, --speed <factor>',
      'replay this many times faster than it happened, all files on one clock (default: as fast as it can be archived)',
      positive,
    )
    .option('--db <file>', 'keep the scrolls in this SQLite database', filled)
    .option(
      '--scrolls <dir>',
      'the directory of the archive; with --db, there is none without this option',
      './scrolls',
    )
    .option('-w, --watch <session>', 'the session or connector whose scroll is shown live (default: the first)')
    .option('--slow <ms>', 'add a slow reader: it takes this long for each event, and loses some', positive)
    .option('-j, --json', 'print only a summary as JSON, at the end; with --list and --show, JSON lines', false)
    .version(version(), '-V, --version')
    .helpOption('-h, --help', 'print this help')
    .addHelpText('after', DETAILS)
    .showHelpAfterError(`Usage: ${name} [options] [FILE...]   (--help lists all options)`)
    .exitOverride();
}

/** Adds the options that only print what a database has. */
function withReading(command: Command): Command {
  return command
    .addOption(new Option('--list', 'print a line for each scroll in --db, and start nothing').conflicts('show'))
    .option(
      '--show <scroll>',
      'print this scroll in --db, by its id or the beginning of it, and start nothing',
      filled,
    );
}

function permissionText(permissions: readonly Permission[]): string {
  const text = 'answer permission requests with allow_once or reject_once';
  return permissions.includes('ask') ? `${text}, or ask the user of the page` : text;
}

/** Words that belong to the agent before them; before the first agent, to all. */
function agentWords(): {
  add: (word: string) => readonly AgentOptions[];
  set: (key: 'name' | 'auth' | 'mode') => (word: string) => AgentDefaults;
} {
  type Draft = { -readonly [K in keyof AgentOptions]: AgentOptions[K] };
  const agents: Draft[] = [];
  const defaults: Partial<Draft> = {};
  return {
    add: (word) => {
      agents.push({ command: filled(word) });
      return agents;
    },
    set: (key) => (word) => {
      const agent = agents.at(-1);
      if (agent === undefined && key === 'name') {
        throw new InvalidArgumentError('It must follow the --agent that it names.');
      }
      (agent ?? defaults)[key] = filled(word);
      return defaults;
    },
  };
}

function filled(word: string): string {
  if (word.trim() === '') {
    throw new InvalidArgumentError('It is empty.');
  }
  return word;
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
    throw new InvalidArgumentError('It is not a directory.');
  }
  return path;
}

function version(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { version: string }).version;
}
