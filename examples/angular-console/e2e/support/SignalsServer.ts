import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** How often the stream was asked for, and what is open on the server. */
export interface ServerFigures {
  readonly asked: number;
  readonly open: number;
  readonly slots: number;
}

/** The server of the application in `signals/`, as Angular's CLI has built it, in a process of its own. */
export class SignalsServer implements AsyncDisposable {
  private constructor(
    private readonly process: ChildProcess,
    readonly url: string,
  ) {}

  static async start(form: string): Promise<SignalsServer> {
    const program = fileURLToPath(new URL(`../dist/${form}/server/server.mjs`, import.meta.url));
    const child = spawn(process.execPath, [program], { stdio: ['ignore', 'pipe', 'inherit'] });
    for await (const line of createInterface({ input: child.stdout })) {
      if (line.startsWith('http:')) {
        child.stdout.resume();
        return new SignalsServer(child, line);
      }
    }
    throw new Error('the server ended before it was listening');
  }

  async get(path: string): Promise<string> {
    const response = await fetch(new URL(path, this.url));
    return response.text();
  }

  async figures(): Promise<ServerFigures> {
    return JSON.parse(await this.get('/stats')) as ServerFigures;
  }

  /** Asks for the page and leaves before or while it is rendered. */
  async abandon(afterMs: number): Promise<void> {
    await fetch(this.url, { signal: AbortSignal.timeout(afterMs) }).catch(() => undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const exit = once(this.process, 'exit');
    this.process.kill('SIGKILL');
    await exit;
  }
}
