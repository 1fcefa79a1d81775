import type { BusEvent } from 'sharing-bus';
import { printable, printableText } from '../printable.js';
import type { Screen } from './Screen.js';
import { Transcript } from './Transcript.js';

const WIDTH = 160;
const KIND = 18;

/**
 * Plain lines, for a pipe or a file. With `isSilent`, nothing is written to stdout before the end.
 *
 * Lines are written together: a log may have thousands of events in a moment.
 */
export class PlainScreen implements Screen {
  readonly #transcript = new Transcript();
  /** A message has no newline yet: more of it may come. */
  #isOpen = false;
  /** Newlines at the end of what was written of the open message. They are written before the rest, if there is any. */
  #owed = '';
  #pending: string[] = [];

  constructor(
    private readonly out: (text: string) => void,
    private readonly err: (text: string) => void,
    private readonly isSilent: boolean,
  ) {}

  start(): void {
    // Nothing to show yet: each line is printed when it happens.
  }

  event(busEvent: BusEvent): void {
    const line = this.isSilent ? undefined : this.#transcript.add(busEvent);
    if (line === undefined) {
      return;
    }
    const { added, isNew, kind, text } = line;
    const head = `${printable(kind, KIND).padEnd(KIND)} `;
    if (added === undefined) {
      this.#write(`${head}${printable(text, WIDTH - head.length)}\n`);
    } else if (isNew || !this.#isOpen) {
      this.#write(head);
      this.#isOpen = true;
      this.#say(added.trimStart());
    } else {
      this.#say(added);
    }
  }

  notice(text: string): void {
    if (!this.isSilent) {
      this.#write(`! ${printable(text, WIDTH)}\n`);
    }
  }

  error(line: string): void {
    this.#flush();
    this.err(`${line}\n`);
  }

  finish(text: string): void {
    this.#write(`${text}\n`);
    this.#flush();
  }

  /** Writes what begins a line. */
  #write(text: string): void {
    this.#put(`${this.#isOpen ? '\n' : ''}${text}`);
    this.#isOpen = false;
    this.#owed = '';
  }

  /** Writes a part of the open message. Its lines are indented. */
  #say(text: string): void {
    const all = this.#owed + printableText(text);
    const shown = all.replace(/\n+$/, '');
    this.#owed = all.slice(shown.length);
    this.#put(shown.replaceAll('\n', `\n${' '.repeat(KIND + 1)}`));
  }

  #put(text: string): void {
    if (this.#pending.length === 0) {
      setImmediate(() => {
        this.#flush();
      });
    }
    this.#pending.push(text);
  }

  #flush(): void {
    if (this.#pending.length > 0) {
      this.out(this.#pending.join(''));
      this.#pending = [];
    }
  }
}
