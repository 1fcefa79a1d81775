import { basename, extname } from 'node:path';
import type { BusEvent } from 'sharing-bus';
import type { Connector } from '../Connector.js';
import { LogLines, type LogLinesOptions, type Said } from './LogLines.js';
import { isOpening, type LogStep } from './LogReader.js';
import { opensSomewhere } from './opensSomewhere.js';
import type { LogPace } from './Pace.js';

export interface LogFileOptions extends Omit<LogLinesOptions, 'onWait'> {
  /** Makes the connector, when the kind of the log is known. */
  readonly connect: (name: string) => Connector;
  readonly pace: LogPace;
  /** About the most bytes of lines between two flushes. One line alone may have more. */
  readonly maxBytes: number;
  /** Resolves when the archivist has taken all events so far. */
  readonly flush: () => Promise<void>;
}

/**
 * The events of a log.
 *
 * The events before the first session belong to none. If a file opens no session, all of it is one session, named after the file.
 */
export class LogFile {
  #connector: Connector | undefined;
  #opensLater: boolean | undefined;
  /** Bytes of lines since the last flush. */
  #unflushed = 0;

  constructor(private readonly options: LogFileOptions) {}

  /**
   * The events, in batches: what can be published at once. They are made while their batch is iterated. Ends at the end of the file, or when
   * the signal aborts.
   *
   * @throws as {@link LogLines.read} does.
   */
  async *batches(): AsyncGenerator<Iterable<BusEvent>> {
    const { pace, progress, report } = this.options;
    const onWait = (): void => {
      pace.leave();
      report.warning(`waiting for ${progress.file}: there is no such file yet`);
    };
    try {
      for await (const part of new LogLines({ ...this.options, onWait }).read()) {
        yield* pace.isPaced ? this.#paced(part) : this.#unpaced(new Cursor(part));
      }
    } finally {
      pace.leave();
      progress.isDone = true;
    }
  }

  /** The last events of its connector. */
  end(reason: string): BusEvent[] {
    return this.#connector?.end(reason) ?? [];
  }

  /** The events of each step, when it is time. */
  async *#paced(part: Iterable<Said>): AsyncGenerator<Iterable<BusEvent>> {
    const { pace, signal } = this.options;
    for (const said of part) {
      await this.#makeRoom(said.bytes);
      for (const step of [...(await this.#fallback(said)), ...said.steps]) {
        await pace.reach(step.at);
        if (signal.aborted) {
          return;
        }
        yield this.#eventsOf(step, said);
      }
    }
  }

  /** The events of all lines up to one that has to wait. */
  async *#unpaced(lines: Cursor<Said>): AsyncGenerator<Iterable<BusEvent>> {
    for (let said = lines.current; said !== undefined; said = lines.current) {
      await this.#makeRoom(said.bytes);
      for (const step of await this.#fallback(said)) {
        yield this.#eventsOf(step, said);
      }
      yield this.#eventsUpToWait(lines);
    }
  }

  /** The events of the current line, and of those that follow it and need not wait. */
  *#eventsUpToWait(lines: Cursor<Said>): Generator<BusEvent> {
    for (let said = lines.current; said !== undefined; said = this.#withoutWait(lines.current)) {
      for (const step of said.steps) {
        yield* this.#eventsOf(step, said);
      }
      lines.advance();
    }
  }

  #withoutWait(said: Said | undefined): Said | undefined {
    if (said === undefined || !this.#hasRoom(said.bytes) || this.#isHomeless(said)) {
      return undefined;
    }
    this.#unflushed += said.bytes;
    return said;
  }

  /** The bus limits the number of events, not their size, and a line may have megabytes. So this waits for a flush after many bytes. */
  async #makeRoom(bytes: number): Promise<void> {
    if (!this.#hasRoom(bytes)) {
      await this.options.flush();
      this.#unflushed = 0;
    }
    this.#unflushed += bytes;
  }

  #hasRoom(bytes: number): boolean {
    return this.#unflushed === 0 || this.#unflushed + bytes <= this.options.maxBytes;
  }

  /** Opens a session for steps that belong to none, if the file opens none at all. */
  async #fallback(said: Said): Promise<readonly LogStep[]> {
    const { progress, signal } = this.options;
    const [first] = said.steps;
    if (first === undefined || !this.#isHomeless(said)) {
      return [];
    }
    this.#opensLater ??= await opensSomewhere(progress.file, said.format, signal);
    const name = basename(progress.file, extname(progress.file));
    return this.#opensLater
      ? []
      : [{ opens: isOpening(first) ? first.opens : (first.sessionId ?? name), at: first.at }];
  }

  /** Whether its steps belong to no session so far. */
  #isHomeless({ steps: [first] }: Said): boolean {
    return (
      this.#opensLater !== true && first !== undefined && !isOpening(first) && this.#connector?.hasRegistered !== true
    );
  }

  #eventsOf(step: LogStep, { format }: Said): readonly BusEvent[] {
    const connector = (this.#connector ??= this.options.connect(`${format.connector}:${this.options.progress.file}`));
    if (!isOpening(step)) {
      return [connector.addressTrusted(step, step.sessionId ?? connector.session)];
    }
    // A scroll already has a `Connected`.
    const connects = format.connector !== 'scroll';
    return [...connector.register(step.opens, step.at), ...(connects ? connector.connect(step.at) : [])];
  }
}

/** Where an iteration is. */
class Cursor<T> {
  current: T | undefined;
  readonly #rest: Iterator<T>;

  constructor(values: Iterable<T>) {
    this.#rest = values[Symbol.iterator]();
    this.advance();
  }

  advance(): void {
    const next = this.#rest.next();
    this.current = next.done === true ? undefined : next.value;
  }
}
