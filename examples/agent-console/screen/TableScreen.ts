import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { BusEvent } from 'sharing-bus';
import { counted } from '../count.js';
import { printable } from '../printable.js';
import type { RunView, Screen } from './Screen.js';
import { progressLine, sessionTable, subscriberTable } from './tables.js';
import { Transcript, type TranscriptLine } from './Transcript.js';

/** The time between two drawings, in milliseconds. */
const REDRAW_MS = 100;
const MAX_SESSIONS = 6;
const MAX_FILES = 6;
const MAX_EVENTS = 8;
const KIND = 18;

/** A live table in a terminal: the sessions, the subscribers, the files, and the last events of the watched scroll. */
export class TableScreen implements Screen {
  readonly #draw;
  readonly #transcript = new Transcript();
  /** The last lines, in the order of their beginning. A line grows where it stands. */
  readonly #recent: TranscriptLine[] = [];
  #view: RunView | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(
    private readonly terminal: NodeJS.WriteStream,
    private readonly err: (text: string) => void,
    private readonly hasColour: boolean,
  ) {
    this.#draw = createLogUpdate(terminal);
  }

  start(view: RunView): void {
    this.#view = view;
    this.#timer = setInterval(() => {
      this.#redraw();
    }, REDRAW_MS);
    this.#redraw();
  }

  event(busEvent: BusEvent): void {
    const line = this.#transcript.add(busEvent);
    const place = this.#recent.findIndex(({ id }) => id === line?.id);
    if (line === undefined) {
      return;
    }
    if (place < 0) {
      this.#recent.push(line);
      this.#recent.splice(0, this.#recent.length - MAX_EVENTS);
    } else {
      this.#recent[place] = line;
    }
  }

  notice(text: string): void {
    this.#draw.persist(this.#bold(printable(`! ${text}`, this.#width)));
  }

  error(line: string): void {
    this.#draw.clear();
    this.err(`${line}\n`);
    this.#redraw();
  }

  finish(text: string): void {
    clearInterval(this.#timer);
    this.#draw.clear();
    this.#draw.done();
    this.terminal.write(`${[...this.#recent.map((line) => this.#lineText(line)), text].join('\n')}\n`);
  }

  get #width(): number {
    // One column less: some terminals wrap a line that fills the last column.
    return Math.max(20, this.terminal.columns - 1);
  }

  /** One line; of a message that grows, its end. */
  #lineText({ added, kind, text }: TranscriptLine): string {
    const head = `${printable(kind, KIND).padEnd(KIND)} `;
    const width = Math.max(20, this.#width - head.length);
    const line = added === undefined ? printable(text, width) : printable(text);
    const characters = line.length > width ? Array.from(line) : [];
    return `${head}${characters.length > width ? `…${characters.slice(1 - width).join('')}` : line}`;
  }

  #redraw(): void {
    if (this.#view === undefined) {
      return;
    }
    const { badLineCount, files, published, sessions, subscribers } = this.#view;
    const open = files.filter(({ isDone }) => !isDone);
    const shown = (open.length > 0 ? open : files).slice(-MAX_FILES);
    const bad = badLineCount === 0 ? '' : `, ${counted(badLineCount, 'bad line')}`;
    this.#draw(
      [
        ...this.#recent.map((line) => this.#lineText(line)),
        this.#bold(`${counted(published, 'event')} published${bad}`),
        sessionTable(sessions, MAX_SESSIONS),
        subscriberTable(subscribers),
        ...shown.map(progressLine),
      ].join('\n'),
    );
  }

  #bold(text: string): string {
    return this.hasColour ? styleText('bold', text) : text;
  }
}
