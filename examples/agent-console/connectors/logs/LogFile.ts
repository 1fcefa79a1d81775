import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { BusEvent } from 'sharing-bus';
import type { Report } from '../../report.js';
import type { Connector } from '../Connector.js';
import { BadLineError, jsonValuesOf, LineSplitter, type RawLine } from '../lines.js';
import { isObject, type Json, objectAt } from '../shape.js';
import { contents } from './contents.js';
import { Document } from './Document.js';
import { RESTART } from './fileChunks.js';
import { formatOf, type LogFormat, readableFormats } from './formats.js';
import { KnownLines } from './KnownLines.js';
import { isOpening, type LogReader, type LogStep } from './LogReader.js';
import { NotALogError } from './NotALogError.js';
import type { LogPace } from './Pace.js';
import { requireShallow } from './requireShallow.js';

/** How much of a file has been read, for the screen. */
export interface FileProgress {
  readonly file: string;
  /** Bytes at the start of the run; 0 if unknown. */
  readonly size: number;
  /** What it is, once that is known. */
  format?: string;
  bytesRead: number;
  lines: number;
  isDone: boolean;
}

export interface LogFileOptions {
  /** Makes the connector, when the kind of the log is known. */
  readonly connect: (name: string) => Connector;
  readonly report: Report;
  readonly progress: FileProgress;
  readonly follow: boolean;
  readonly pace: LogPace;
  /** Stops after a complete line. */
  readonly signal: AbortSignal;
  /** About the most bytes of lines between two flushes. One line alone may have more. */
  readonly maxBytes: number;
  /** Resolves when the archivist has taken all events so far. */
  readonly flush: () => Promise<void>;
}

/** A file with this many lines that are not JSON, and none that is, is not a log. */
const MAX_STRAY = 100;

/** The kind of a log, once its first value is read, and what reads it. */
interface Known {
  readonly format: LogFormat;
  readonly reader: LogReader;
  readonly connector: Connector;
}

/** A line that cannot be used. */
interface Stray {
  readonly line: number;
  readonly error: string;
}

/**
 * The events of a log, line by line.
 *
 * The events before the first session belong to none. If a file opens no session, all of it is one session, named after the file.
 */
export class LogFile {
  #known: Known | undefined;
  #lines = new LineSplitter();
  readonly #knownLines = new KnownLines();
  /** Lines before the first value. They are bad lines if the file is a log. */
  #stray: Stray[] = [];
  #document: Document | undefined;
  #opensLater: boolean | undefined;
  #usedLines = 0;
  /** Bytes of lines since the last flush. */
  #unflushed = 0;

  readonly #source: { follow: boolean; readonly signal: AbortSignal; readonly onWait: () => void };

  constructor(private readonly options: LogFileOptions) {
    const { follow, pace, progress, report, signal } = options;
    const onWait = (): void => {
      pace.leave();
      report.warning(`waiting for ${progress.file}: there is no such file yet`);
    };
    this.#source = { follow, signal, onWait };
  }

  /**
   * The events, in batches: what can be published at once. Ends at the end of the file, or when the signal aborts.
   *
   * @throws NotALogError if nothing in the file can be used.
   * @throws Error if the file cannot be read.
   */
  async *batches(): AsyncGenerator<readonly BusEvent[]> {
    const { pace, progress, signal } = this.options;
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const chunk of contents(progress.file, this.#source)) {
        yield* this.#eventsOf(this.#counted(chunk === RESTART ? this.#restart() : this.#lines.push(chunk)));
        progress.bytesRead = chunk === RESTART ? 0 : progress.bytesRead + chunk.length;
      }
      if (!signal.aborted) {
        yield* this.#eventsOf(this.#counted(this.#lines.end()));
        yield* this.#eventsOf(this.#joined());
        this.#requireUse();
      }
    } catch (error) {
      failure = { error };
    }
    yield* this.#publish(this.#known?.reader.end() ?? [], 0);
    pace.leave();
    progress.isDone = true;
    if (failure !== undefined) {
      throw failure.error;
    }
  }

  /** The last events of its connector. */
  end(reason: string): BusEvent[] {
    return this.#known?.connector.end(reason) ?? [];
  }

  *#counted(lines: Iterable<RawLine>): Generator<RawLine> {
    for (const line of lines) {
      this.options.progress.lines += 1;
      yield line;
    }
  }

  /** The last line of the file as it was. */
  #restart(): RawLine[] {
    const last = [...this.#lines.end()];
    this.#lines = new LineSplitter();
    this.#knownLines.startPass();
    return last;
  }

  async *#eventsOf(lines: Iterable<RawLine>): AsyncGenerator<readonly BusEvent[]> {
    for (const line of lines) {
      if (this.options.signal.aborted) {
        return;
      }
      const steps = this.#stepsOf(line);
      if (steps.length > 0) {
        const fallback = await this.#fallback(steps);
        yield* this.#publish([...fallback, ...steps], line.bytes?.length ?? 0);
      }
    }
  }

  /** What a line says. Reports a bad line. */
  #stepsOf(line: RawLine): readonly LogStep[] {
    try {
      if (this.#isOfDocument(line)) {
        return [];
      }
      const values = jsonValuesOf(line);
      if (values.length > 1) {
        this.options.report.warning(
          `${this.options.progress.file}:${line.number}: it has ${values.length} JSON values`,
        );
      }
      const steps = values.flatMap((value) => this.#read(value, line));
      this.#usedLines += values.length > 0 ? 1 : 0;
      return steps;
    } catch (error) {
      if (error instanceof NotALogError) {
        throw error;
      }
      this.#badLine({ line: line.number, error: reasonOf(error) });
      return [];
    }
  }

  #read(value: unknown, line: RawLine): readonly LogStep[] {
    const whole = objectAt(value, 'the line');
    requireShallow(whole);
    const { reader } = (this.#known ??= this.#recognise(whole));
    if (this.options.follow && this.#knownLines.isKnown(reader.keysOf?.(whole) ?? [], line.bytes ?? new Uint8Array())) {
      return [];
    }
    const steps = reader.read(whole);
    this.options.progress.format = reader.name ?? this.#known.format.name;
    return steps;
  }

  /** The kind of the log that begins with `first`. */
  #recognise(first: Json): Known {
    const { connect, progress } = this.options;
    const format = formatOf(first);
    if (format?.reader === undefined) {
      const what = format === undefined ? 'it is not a log that the console knows' : `it is ${format.name}`;
      throw new NotALogError(`${what}; the console reads ${readableFormats().join(', ')}`);
    }
    const known = { format, reader: format.reader(), connector: connect(`${format.connector}:${progress.file}`) };
    for (const { line, error } of this.#stray.splice(0)) {
      this.options.report.badLine(progress.file, line, error);
    }
    return known;
  }

  #badLine(bad: Stray): void {
    const { progress, report } = this.options;
    if (this.#known !== undefined) {
      report.badLine(progress.file, bad.line, bad.error);
      return;
    }
    this.#stray.push(bad);
    if (this.#stray.length >= MAX_STRAY) {
      this.#requireUse();
    }
  }

  /** Whether the line was kept as one of a document. */
  #isOfDocument(line: RawLine): boolean {
    if (this.#known === undefined && Document.begins(line)) {
      this.#document = new Document();
      // It is written as a whole. What is appended would not be a part of it.
      this.#source.follow = false;
    }
    this.#document?.add(line);
    return this.#document !== undefined;
  }

  /** The document as a line. */
  #joined(): RawLine[] {
    const document = this.#document;
    this.#document = undefined;
    return document === undefined ? [] : [document.joined()];
  }

  /** The events of `steps`, as they can be published: at once, or each when it is time. */
  async *#publish(steps: readonly LogStep[], bytes: number): AsyncGenerator<readonly BusEvent[]> {
    const { pace, signal } = this.options;
    if (steps.length === 0) {
      return;
    }
    await this.#makeRoom(bytes);
    if (!pace.isPaced) {
      yield steps.flatMap((step) => this.#address(step));
      return;
    }
    for (const step of steps) {
      await pace.reach(step.at);
      if (signal.aborted) {
        return;
      }
      yield this.#address(step);
    }
  }

  #address(step: LogStep): BusEvent[] {
    const { connector, format } = this.#known as Known;
    if (!isOpening(step)) {
      return [connector.addressTrusted(step, step.sessionId ?? connector.session)];
    }
    const registered = connector.register(step.opens, step.at);
    // A scroll already has a `Connected`.
    return format.connector === 'scroll' ? registered : [...registered, ...connector.connect(step.at)];
  }

  /** The bus limits the number of events, not their size, and a line may have megabytes. So this waits for a flush after many bytes. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#unflushed > 0 && this.#unflushed + bytes > this.options.maxBytes) {
      await this.options.flush();
      this.#unflushed = 0;
    }
    this.#unflushed += bytes;
  }

  /** Opens a session for `steps` that belong to none, if the file opens none at all. */
  async #fallback([first]: readonly LogStep[]): Promise<readonly LogStep[]> {
    const { progress, signal } = this.options;
    const { connector, format } = this.#known as Known;
    if (first === undefined || isOpening(first) || connector.hasRegistered) {
      return [];
    }
    this.#opensLater ??= await opensSomewhere(progress.file, format, signal);
    const opens = first.sessionId ?? basename(progress.file, extname(progress.file));
    return this.#opensLater ? [] : [{ opens, at: first.at }];
  }

  /** @throws NotALogError if nothing of the file was used. */
  #requireUse(): void {
    const { progress } = this.options;
    const [first] = this.#stray;
    if (first !== undefined) {
      throw new NotALogError(`none of its first ${progress.lines} lines is JSON (line ${first.line}: ${first.error})`);
    }
    if (this.#usedLines === 0) {
      throw new NotALogError(progress.lines === 0 ? 'it is empty' : `none of its ${progress.lines} lines can be used`);
    }
  }
}

/** Whether any line of the file opens a session. `false` for a pipe, which can be read only once. */
async function opensSomewhere(file: string, format: LogFormat, signal: AbortSignal): Promise<boolean> {
  if (!(await stat(file)).isFile()) {
    return false;
  }
  const lines = new LineSplitter();
  const reader = format.reader?.();
  const opens = (line: RawLine): boolean => {
    try {
      return jsonValuesOf(line).some((value) => isObject(value) && reader?.read(value).some(isOpening));
    } catch {
      return false;
    }
  };
  for await (const chunk of contents(file, { follow: false, signal })) {
    for (const line of chunk === RESTART ? [] : lines.push(chunk)) {
      if (opens(line)) {
        return true;
      }
    }
  }
  return [...lines.end()].some(opens);
}

function reasonOf(error: unknown): string {
  if (error instanceof BadLineError) {
    return error.message;
  }
  // The stack of the engine was too small for the JSON.
  if (error instanceof RangeError) {
    return 'nested too deeply';
  }
  return error instanceof Error ? error.message : String(error);
}
