import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { ServerStats } from '../../src/app/lanes/Stats.js';

const TOP = fileURLToPath(new URL('../../../..', import.meta.url));
const MAIN = fileURLToPath(new URL('../../server/main.ts', import.meta.url));

/** The server in a process of its own, so that a test can kill it. */
export class ConsoleServer implements AsyncDisposable {
  private constructor(
    private readonly process: ChildProcess,
    readonly port: number,
    /** The URL that it has printed, with the token of its pages. */
    readonly printedUrl: string,
  ) {}

  /** Starts it with the arguments `words`. Resolves when it is listening. */
  static async start(words: readonly string[], port = 0): Promise<ConsoleServer> {
    const child = spawn(process.execPath, ['--import', 'tsx', MAIN, '--port', `${port}`, ...words], {
      cwd: TOP,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    for await (const line of createInterface({ input: child.stdout })) {
      const [printed, listening] = /http:\/\/127\.0\.0\.1:(\d+)\S*/.exec(line) ?? [];
      if (printed !== undefined) {
        child.stdout.resume();
        return new ConsoleServer(child, Number(listening), printed);
      }
    }
    throw new Error('the server ended before it was listening');
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}/`;
  }

  /** What allows a page to answer permission requests; empty if it printed none. */
  get token(): string {
    return /#token=(\S+)/.exec(this.printedUrl)?.[1] ?? '';
  }

  async stats(): Promise<ServerStats> {
    const response = await fetch(new URL('/api/stats', this.url));
    return (await response.json()) as ServerStats;
  }

  /** Ends it as Ctrl-C does. */
  async interrupt(): Promise<void> {
    await this.#end('SIGINT');
  }

  /** Ends it at once. */
  async kill(): Promise<void> {
    await this.#end('SIGKILL');
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    if (this.process.exitCode === null && this.process.signalCode === null) {
      const exit = once(this.process, 'exit');
      this.process.kill(signal);
      await exit;
    }
  }
}
