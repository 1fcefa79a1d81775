import { styleText } from 'node:util';
import { createLogUpdate } from 'log-update';
import type { BusEvent } from 'sharing-bus';
import { printable } from '../printable.js';
import { eventText } from './eventText.js';
import type { RunView, Screen } from './Screen.js';
import { progressLine, sessionTable, subscriberTable } from './tables.js';

/** The time between two drawings, in milliseconds. */
const REDRAW_MS = 100;
const MAX_SESSIONS = 6;
const MAX_FILES = 6;
const MAX_EVENTS = 8;

/** A live table in a terminal: the sessions, the subscribers, the files, and the last events of the watched scroll. */
export class TableScreen implements Screen {
  readonly #draw;
  readonly #recent: string[] = [];
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
    this.#recent.push(eventText(busEvent, this.#width));
    this.#recent.splice(0, this.#recent.length - MAX_EVENTS);
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
    this.terminal.write(`${[...this.#recent, text].join('\n')}\n`);
  }

  get #width(): number {
    // One column less: some terminals wrap a line that fills the last column.
    return Math.max(20, this.terminal.columns - 1);
  }

  #redraw(): void {
    if (this.#view === undefined) {
      return;
    }
    const { badLineCount, files, published, sessions, subscribers } = this.#view;
    const open = files.filter(({ isDone }) => !isDone);
    const shown = (open.length > 0 ? open : files).slice(-MAX_FILES);
    const bad = badLineCount === 0 ? '' : `, ${badLineCount} bad lines`;
    this.#draw(
      [
        ...this.#recent,
        this.#bold(`${published} events published${bad}`),
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
