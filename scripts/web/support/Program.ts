import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';

const START_MS = 60_000;
const STOP_MS = 5_000;
const POLL_MS = 20;

export interface Command {
  readonly file: string;
  readonly args: readonly string[];
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  /** The signal that ends the program at once, with all of its processes. */
  readonly signal?: NodeJS.Signals;
}

/** A program that listens on a port, in a process of its own. */
export class Program implements AsyncDisposable {
  static readonly #running = new Set<ChildProcess>();

  static {
    // The test may end before it has stopped its programs, for instance by Ctrl-C.
    process.on('exit', () => {
      Program.#running.forEach((child) => child.kill('SIGTERM'));
    });
  }

  /** The last lines that the program has written. */
  #output = '';

  private constructor(
    readonly port: number,
    private readonly child: ChildProcess,
    private readonly signal: NodeJS.Signals,
  ) {
    Program.#running.add(child);
    for (const stream of [child.stdout, child.stderr]) {
      stream?.on('data', (text: Buffer) => {
        this.#output = `${this.#output}${String(text)}`.slice(-2_000);
      });
    }
  }

  /** Starts a program. Resolves when it accepts connections on `port`. */
  static async start({ file, args, cwd, env, signal = 'SIGKILL' }: Command, port: number): Promise<Program> {
    const child = spawn(file, args, {
      cwd,
      env: { ...process.env, NODE_OPTIONS: '', ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const program = new Program(port, child, signal);
    // Without a listener, a file that cannot be run would throw here. It has no exit code.
    child.on('error', (error) => {
      program.#output += String(error);
    });
    const end = Date.now() + START_MS;
    while (!(await accepts(port))) {
      if (program.#hasEnded || Date.now() > end) {
        await program.stop();
        throw new Error(`${file} does not listen on ${port}: ${program.#output}`);
      }
      await delay(POLL_MS);
    }
    return program;
  }

  /** Ends it at once. */
  async stop(): Promise<void> {
    if (!this.#hasEnded) {
      const exit = once(this.child, 'exit');
      this.child.kill(this.signal);
      const hard = setTimeout(() => this.child.kill('SIGKILL'), STOP_MS);
      await exit;
      clearTimeout(hard);
    }
    Program.#running.delete(this.child);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  get #hasEnded(): boolean {
    return this.child.pid === undefined || this.child.exitCode !== null || this.child.signalCode !== null;
  }
}

/** Whether somebody listens on `port`. */
async function accepts(port: number): Promise<boolean> {
  const socket = connect(port, '127.0.0.1');
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}
