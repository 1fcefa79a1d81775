import type { BusEvent } from 'sharing-bus';
import { printable } from '../printable.js';
import { eventText } from './eventText.js';
import type { Screen } from './Screen.js';

const WIDTH = 160;

/** Plain lines, for a pipe or a file. With `isSilent`, nothing is written to stdout before the end. */
export class PlainScreen implements Screen {
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
      this.out(`${eventText(busEvent, WIDTH)}\n`);
    }
  }

  notice(text: string): void {
    if (!this.isSilent) {
      this.out(`! ${printable(text, WIDTH)}\n`);
    }
  }

  error(line: string): void {
    this.err(`${line}\n`);
  }

  finish(text: string): void {
    this.out(`${text}\n`);
  }
}
