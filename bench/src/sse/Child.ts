import { type ChildProcess, fork } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Order, Report } from './messages.js';

/** A process of the bench. */
export class Child implements Disposable {
  readonly #process: ChildProcess;
  #failure: Error | undefined;
  #reports: Report[] = [];
  #wake: (() => void) | undefined;

  /** @param profile The folder for a V8 CPU profile of the process. */
  constructor(script: string, args: readonly string[] = [], profile?: string) {
    const execArgv = ['--expose-gc', ...(profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`])];
    this.#process = fork(fileURLToPath(new URL(script, import.meta.url)), args, { execArgv });
    this.#process.on('message', (report: Report) => {
      this.#reports.push(report);
      this.#wake?.();
    });
    this.#process.once('exit', (code) => {
      this.#failure = new Error(`${script} ended with ${code}`);
      this.#wake?.();
    });
  }

  tell(order: Order): void {
    this.#process.send(order);
  }

  /** Resolves with the next report. */
  async next(): Promise<Report> {
    for (;;) {
      const report = this.#reports.shift();
      if (report !== undefined) {
        return report;
      }
      if (this.#failure !== undefined) {
        throw this.#failure;
      }
      await new Promise<void>((resolve) => {
        this.#wake = resolve;
      });
    }
  }

  /** Resolves with the next report, which must be an `is`. */
  async reported<I extends Report['is']>(is: I): Promise<Extract<Report, { is: I }>> {
    const report = await this.next();
    if (report.is !== is) {
      throw new Error(`expected ${is}, got ${report.is}`);
    }
    return report as Extract<Report, { is: I }>;
  }

  /** Ends the process. */
  [Symbol.dispose](): void {
    if (this.#process.connected) {
      this.#process.disconnect();
    }
  }
}
