import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BusEvent } from '../../../lib/index.js';
import { parseBusEvent } from '../../../lib/schema/index.js';
import { compile, root } from './compile.js';

export { root };

export const fixtures = join(import.meta.dirname, '..', 'fixtures');

/** Beside the sources, and as deep: from there the console finds its agent, packages and `package.json`. */
const built = mkdtempSync(join(root, 'examples', '.agent-console-'));
const sources = join(root, 'examples', 'agent-console');
await compile(
  {
    main: join(sources, 'main.ts'),
    'agent/main': join(sources, 'agent', 'main.ts'),
    fixtureAgent: join(fixtures, 'fixtureAgent.ts'),
    wireAgent: join(fixtures, 'wireAgent.ts'),
  },
  built,
);
// The name under which the console starts its agent.
renameSync(join(built, 'agent', 'main.js'), join(built, 'agent', 'main.ts'));

/** What was used of one model, as the console prints it with `--json`. */
interface Usage {
  readonly model?: string;
  readonly inputTokens?: number;
  readonly outputTokens?: number;
  readonly reasoningTokens?: number;
  readonly cachedReadTokens?: number;
  readonly cachedWriteTokens?: number;
  readonly cost?: Readonly<Record<string, number>>;
}

/** What the console prints with `--json`. */
export interface Summary {
  readonly published: number;
  readonly sessions: readonly {
    readonly scrollId: string;
    readonly connectorId: string;
    readonly nativeSessionId: string;
    readonly events: number;
    readonly usage: readonly Usage[];
    readonly failures: readonly string[];
  }[];
  readonly subscribers: readonly {
    readonly name: string;
    readonly delivered: number;
    readonly lagged: number;
    readonly gaps?: { readonly count: number; readonly byKind: Readonly<Record<string, number>> };
  }[];
  readonly badLines: readonly { readonly file: string; readonly line: number; readonly error: string }[];
  readonly files: readonly { readonly file: string; readonly format?: string; readonly lines: number }[];
  readonly usage: readonly Usage[];
  readonly failures: readonly string[];
}

const temporary = mkdtempSync(join(tmpdir(), 'agent-console-'));

/** A directory of one spec's own. */
export function freshDirectory(): string {
  return mkdtempSync(join(temporary, 'spec-'));
}

/** A console that runs as people run it: as a process. */
export class ConsoleProcess {
  static readonly #running = new Set<ConsoleProcess>();

  /** Lets those go that a failed spec has left, each with its agents, and removes what was compiled. */
  static async stopAll(): Promise<void> {
    await Promise.all(
      [...ConsoleProcess.#running].map(async (running) => {
        running.#child.kill('SIGTERM');
        await running.ended;
      }),
    );
    rmSync(built, { recursive: true, force: true });
    rmSync(temporary, { recursive: true, force: true });
  }

  readonly scrolls = join(freshDirectory(), 'scrolls');
  /** Resolves to the exit code when it has ended and all that it wrote was read. */
  readonly ended: Promise<number | null>;
  stdout = '';
  stderr = '';
  readonly #child: ChildProcess;
  #onOutput: () => void = () => undefined;

  /** @param words With `--db` and without `--scrolls`, it writes no `scrolls`. */
  constructor(...words: string[]) {
    const archive = words.includes('--db') ? [] : ['--scrolls', this.scrolls];
    this.#child = spawn(process.execPath, [join(built, 'main.js'), ...archive, ...words], {
      cwd: root,
      env: { ...process.env, NODE_OPTIONS: '' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    ConsoleProcess.#running.add(this);
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.stdout += text;
      this.#onOutput();
    });
    this.#child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      this.stderr += text;
      this.#onOutput();
    });
    this.ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject).once('close', (code) => {
        ConsoleProcess.#running.delete(this);
        this.#onOutput();
        resolve(code);
      });
    });
  }

  /** Resolves when the console has written `text`; rejects where it ends without. */
  async writes(text: string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      this.#onOutput = () => {
        if (`${this.stdout}\n${this.stderr}`.includes(text)) {
          resolve();
        } else if (this.#child.exitCode !== null) {
          reject(new Error(`the console ended without "${text}":\n${this.stdout}\n${this.stderr}`));
        }
      };
      this.#onOutput();
    });
  }

  interrupt(): void {
    this.#child.kill('SIGINT');
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill('SIGKILL');
  }

  /** Leaves, as `head` does when it has seen enough. */
  stopReading(): void {
    this.#child.stdout?.destroy();
  }

  get summary(): Summary {
    return JSON.parse(this.stdout) as Summary;
  }

  /** The archive: each file's events, by its name without the ending. Throws for a line that is not whole. */
  get archive(): Map<string, BusEvent[]> {
    const archive = new Map<string, BusEvent[]>();
    for (const file of readdirSync(this.scrolls)) {
      const text = readFileSync(join(this.scrolls, file), 'utf8');
      if (!text.endsWith('\n')) {
        throw new Error(`${file} ends in the midst of a line`);
      }
      const events = text
        .trimEnd()
        .split('\n')
        .map((line) => parseBusEvent(JSON.parse(line)));
      archive.set(file.replace(/\.jsonl$/, ''), events);
    }
    return archive;
  }

  /** The events of the only scroll. */
  get scroll(): BusEvent[] {
    const scrolls = [...this.archive].filter(([name]) => !name.startsWith('unbound-'));
    const [only] = scrolls;
    if (only === undefined || scrolls.length > 1) {
      throw new Error(`expected one scroll, there are ${scrolls.length}:\n${this.stderr}`);
    }
    return only[1];
  }

  /** The events that belong to no scroll. */
  get unbound(): BusEvent[] {
    return [...this.archive].filter(([name]) => name.startsWith('unbound-')).flatMap(([, events]) => events);
  }
}

/** Runs a console to its end. */
export async function runConsole(...words: string[]): Promise<ConsoleProcess & { readonly code: number | null }> {
  const running = new ConsoleProcess(...words);
  return Object.assign(running, { code: await running.ended });
}

/** The command that starts the agent of `fixtureAgent.ts`. */
export function fixtureAgent(behaviour: string): string {
  return `"${process.execPath}" "${join(built, 'fixtureAgent.js')}" ${behaviour}`;
}

/** The command that starts the agent of `wireAgent.ts` with a recorded wire. */
export function wireAgent(wire: string): string {
  return `"${process.execPath}" "${join(built, 'wireAgent.js')}" "${join(fixtures, 'wires', `${wire}.jsonl`)}"`;
}

/** What readers look for first: the kind of each event and its type. */
export function outline(events: readonly BusEvent[]): string[] {
  return events.map(({ routing, event }) => `${routing.kind} ${event.type}`);
}

/** The texts that were said, of one kind. */
export function texts(events: readonly BusEvent[], kind: string): string[] {
  return events.flatMap(({ routing, event }) =>
    routing.kind === kind && 'content' in event && !Array.isArray(event.content) && 'text' in event.content
      ? [String(event.content.text)]
      : [],
  );
}
