import { type ChildProcess, spawn } from 'node:child_process';
import { constants } from 'node:os';
import type { Readable, Writable } from 'node:stream';
import { delay } from './delay.js';

/** How to start an agent: a command for the shell, or a program with arguments. */
export type AgentCommand = string | { readonly program: string; readonly args: readonly string[] };

/** How long an agent that is stopped may take to exit on its own, and then after SIGTERM, in milliseconds. */
const GRACE_MS = 1000;
const POLL_MS = 10;
const STDERR_KEPT = 4096;
const NEVER = new AbortController().signal;

/**
 * An agent that runs as a subprocess, in a process group of its own.
 *
 * Invariant: when {@link stop} has resolved, or this process exits, no process of that group is left.
 */
export class AgentProcess {
  /** Resolves with a description of how it ended, or why it could not be started. */
  readonly exited: Promise<string>;
  hasExited = false;
  #stderr = '';
  readonly #outputGone: Promise<void>;
  readonly #child: ChildProcess & { readonly stdin: Writable; readonly stdout: Readable; readonly stderr: Readable };

  constructor(command: AgentCommand, cwd: string) {
    const options = { cwd, detached: process.platform !== 'win32', stdio: 'pipe' } as const;
    this.#child =
      typeof command === 'string'
        ? spawn(command, { ...options, shell: true })
        : spawn(command.program, [...command.args], options);
    const { stdin, stderr } = this.#child;
    // A write to a dead agent fails. Its exit is reported elsewhere.
    stdin.on('error', () => undefined);
    stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-STDERR_KEPT);
    });
    process.once('exit', this.#killGroup);
    this.exited = new Promise<string>((resolve) => {
      this.#child.once('error', (error) => {
        resolve(`could not be started: ${error.message}`);
      });
      this.#child.once('exit', (code, signal) => {
        resolve(ending(code, signal));
      });
    }).then((how) => {
      this.hasExited = true;
      this.#killGroup();
      process.off('exit', this.#killGroup);
      return how;
    });
    this.#outputGone = this.exited.then(() => this.#cutIdleOutput());
  }

  get stdout(): Readable {
    return this.#child.stdout;
  }

  /** The last lines that it wrote to stderr. */
  async lastErrors(): Promise<string> {
    const { stderr } = this.#child;
    if (this.hasExited && !stderr.closed) {
      // The exit may be known before the pipe has been read. A process that left the group may keep the pipe open for ever.
      const waiting = new AbortController();
      stderr.once('close', () => {
        waiting.abort();
      });
      await delay(GRACE_MS, waiting.signal);
    }
    return this.#stderr.trim().split('\n').slice(-10).join('\n');
  }

  /** Writes to its stdin. Resolves even if it has been closed. */
  async write(bytes: Uint8Array): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#child.stdin.write(bytes, () => {
        resolve();
      });
    });
  }

  /** How it ended; `undefined` if it is still running after so many milliseconds. */
  async exitsWithin(milliseconds: number): Promise<string | undefined> {
    const waiting = new AbortController();
    const late = delay(milliseconds, waiting.signal).then(() => undefined);
    try {
      return await Promise.race([this.exited, late]);
    } finally {
      waiting.abort();
    }
  }

  /** Tells it that nothing more will come: an agent leaves then. */
  endInput(): void {
    this.#child.stdin.end();
  }

  /** Stops it: ends its stdin, then sends SIGTERM, then SIGKILL. What it has written until then can still be read. */
  async stop(): Promise<void> {
    this.endInput();
    for (const signal of ['SIGTERM', 'SIGKILL'] as const) {
      await this.exitsWithin(GRACE_MS);
      if (!this.hasExited) {
        this.#signal(signal);
      }
    }
    await this.exited;
    await Promise.all([this.#outputGone, this.#groupGone()]);
  }

  /** Waits until the killed processes are gone. The limit is for zombies, which stay until their parent collects them. */
  async #groupGone(): Promise<void> {
    for (let waited = 0; waited < GRACE_MS && this.#signal(0); waited += POLL_MS) {
      await delay(POLL_MS, NEVER);
    }
  }

  /** Closes the output once it has been read to the end: a process that left the group may keep the pipe open for ever. */
  async #cutIdleOutput(): Promise<void> {
    const { stdout } = this.#child;
    const closed = new AbortController();
    stdout.once('close', () => {
      closed.abort();
    });
    do {
      await delay(stdout.closed ? 0 : GRACE_MS, closed.signal);
    } while (!stdout.closed && stdout.readableLength > 0);
    stdout.destroy();
  }

  readonly #killGroup = (): void => {
    this.#signal('SIGKILL');
  };

  /** Signals the whole group. Returns whether a process is left in it. Signal 0 only checks that. */
  #signal(signal: NodeJS.Signals | 0): boolean {
    const { pid } = this.#child;
    if (pid === undefined) {
      return false;
    }
    try {
      return process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch {
      return false;
    }
  }
}

/** A shell reports a missing program with code 127, and a signal with a code above 128. */
function ending(code: number | null, signal: NodeJS.Signals | null): string {
  if (code === null || signal !== null) {
    return `was killed by ${signal ?? 'a signal'}`;
  }
  const passedOn = Object.entries(constants.signals).find(([, number]) => code === 128 + number)?.[0];
  const meaning = code === 127 ? 'command not found' : passedOn;
  return `exited with code ${code}${meaning === undefined ? '' : ` (${meaning})`}`;
}
