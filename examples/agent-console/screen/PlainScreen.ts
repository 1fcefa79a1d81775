import type { BusEvent } from 'sharing-bus';
import { printable } from '../printable.js';
import { eventText } from './eventText.js';
import type { Screen } from './Screen.js';

const WIDTH = 160;

/**
 * Plain lines, for a pipe or a file. With `isSilent`, nothing is written to stdout before the end.
 *
 * Lines are written together: a log may have thousands of events in a moment.
 */
export class PlainScreen implements Screen {
  #lines: string[] = [];

  constructor(
    private readonly out: (text: string) => void,
    private readonly err: (text: string) => void,
    private readonly isSilent: boolean,
  ) {}

  start(): void {
    // Nothing to show yet: each line is printed when it happens.
  }

  event(busEvent: BusEvent): void {
    if (!this.isSilent) {
      this.#print(eventText(busEvent, WIDTH));
    }
  }

  notice(text: string): void {
    if (!this.isSilent) {
      this.#print(`! ${printable(text, WIDTH)}`);
    }
  }

  error(line: string): void {
    this.#flush();
    this.err(`${line}\n`);
  }

  finish(text: string): void {
    this.#flush();
    this.out(`${text}\n`);
  }

  #print(line: string): void {
    if (this.#lines.length === 0) {
      setImmediate(() => {
        this.#flush();
      });
    }
    this.#lines.push(line, '\n');
  }

  #flush(): void {
    if (this.#lines.length > 0) {
      this.out(this.#lines.join(''));
      this.#lines = [];
    }
  }
}
