import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';

/** How long a process stays away that was killed, in milliseconds. */
const AWAY_MS = 2000;

/** A process that is started again when it ends, until it is to stop. */
export class Supervised {
  /** How often it was started again. */
  restarts = 0;
  /** What the process tells of itself, or why there is none. */
  status = 'starting';
  #child: ChildProcess | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isStopping = false;

  /**
   * @param launch Starts the process.
   * @param ended Called with how it ended, when nobody has asked for that.
   */
  constructor(
    readonly name: string,
    private readonly launch: () => ChildProcess,
    private readonly ended: (how: string) => void,
  ) {
    process.once('exit', () => {
      this.#child?.kill('SIGKILL');
    });
    this.#start();
  }

  /** `undefined` while there is no process. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  kill(signal: NodeJS.Signals = 'SIGKILL'): void {
    this.#child?.kill(signal);
  }

  /**
   * Ends it for good.
   *
   * @param ask Asks it to end.
   * @param withinMs Then it is killed.
   */
  async stop(ask: (child: ChildProcess) => void, withinMs: number): Promise<void> {
    this.#isStopping = true;
    clearTimeout(this.#timer);
    const child = this.#child;
    if (child !== undefined) {
      const timer = setTimeout(() => {
        child.kill('SIGKILL');
      }, withinMs);
      const exited = once(child, 'exit');
      ask(child);
      await exited;
      clearTimeout(timer);
    }
    this.status = 'ended';
  }

  #start(): void {
    this.status = 'starting';
    const child = this.launch();
    this.#child = child;
    let isOver = false;
    const over = (how: string): void => {
      if (isOver) {
        return;
      }
      isOver = true;
      this.#child = undefined;
      if (!this.#isStopping) {
        this.status = how;
        this.#timer = setTimeout(() => {
          this.restarts += 1;
          this.#start();
        }, AWAY_MS);
        this.ended(how);
      }
    };
    child.once('error', (error) => {
      over(error.message);
    });
    child.once('exit', (code, signal) => {
      over(signal ?? `exit code ${code ?? 0}`);
    });
  }
}
