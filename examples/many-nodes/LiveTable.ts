import type { createLogUpdate } from 'log-update';
import type { Nodes } from './Nodes.js';
import { tableOf } from './table.js';

const REDRAW_MS = 200;
const CTRL_C = '\u0003';
const HINT = 'Kill a process by its key on the left, or by "kill -9 PID". Ctrl-C ends it.';

/** The table in a terminal, and the keys. */
export class LiveTable {
  readonly #timer: NodeJS.Timeout;

  constructor(
    private readonly nodes: Nodes,
    private readonly draw: ReturnType<typeof createLogUpdate>,
  ) {
    this.#timer = setInterval(() => {
      this.#redraw();
    }, REDRAW_MS);
    const { stdin } = process;
    if (stdin.isTTY) {
      stdin.setRawMode(true).setEncoding('utf8').on('data', this.#key);
    }
  }

  end(): void {
    clearInterval(this.#timer);
    this.#redraw();
    this.draw.done();
    const { stdin } = process;
    if (stdin.isTTY) {
      stdin.off('data', this.#key).setRawMode(false).pause();
    }
  }

  #redraw(): void {
    this.draw(`${tableOf(this.nodes.rows)}\n${HINT}`);
  }

  readonly #key = (keys: string | Buffer): void => {
    for (const key of keys.toString()) {
      if (key === CTRL_C) {
        process.kill(process.pid, 'SIGINT');
      } else {
        this.nodes.killByKey(key);
      }
    }
  };
}
