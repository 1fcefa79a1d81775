import type { Report } from '../../report.js';
import { BadLineError, jsonValuesOf, LineSplitter, type RawLine } from '../lines.js';
import { type Json, objectAt } from '../shape.js';
import { contents } from './contents.js';
import { Document } from './Document.js';
import { RESTART } from './fileChunks.js';
import { formatOf, type LogFormat, readableFormats } from './formats.js';
import { KnownLines } from './KnownLines.js';
import type { LogReader, LogStep } from './LogReader.js';
import { NotALogError } from './NotALogError.js';
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

export interface LogLinesOptions {
  readonly report: Report;
  readonly progress: FileProgress;
  readonly follow: boolean;
  /** Stops after a complete line. */
  readonly signal: AbortSignal;
  /** Called once, if the file is followed and is not there yet. */
  readonly onWait: () => void;
}

/** What one line says. */
export interface Said {
  /** The kind of the log. */
  readonly format: LogFormat;
  /** At least one. */
  readonly steps: readonly LogStep[];
  /** The length of the line. */
  readonly bytes: number;
}

/** A file with this many lines that are not JSON, and none that is, is not a log. */
const MAX_STRAY = 100;

/** What reads a log, once its first value has told its kind. */
interface Known {
  readonly format: LogFormat;
  readonly reader: LogReader;
}

/** A line that cannot be used. */
interface Stray {
  readonly line: number;
  readonly error: string;
}

/** Reads the lines of a log of any kind. */
export class LogLines {
  #known: Known | undefined;
  #lines = new LineSplitter();
  readonly #knownLines = new KnownLines();
  /** Lines before the first value. They are bad lines if the file is a log. */
  #stray: Stray[] = [];
  #document: Document | undefined;
  #usedLines = 0;
  readonly #source: { follow: boolean; readonly signal: AbortSignal; readonly onWait: () => void };

  constructor(private readonly options: LogLinesOptions) {
    const { follow, onWait, signal } = options;
    this.#source = { follow, signal, onWait };
  }

  /**
   * What the lines say that say anything, in order. They come in parts: for each line, a promise would cost as much as its events. The
   * lines of a part are read while it is iterated. Ends at the end of the file, or when the signal aborts. Reports bad lines.
   *
   * @throws NotALogError if nothing in the file can be used. A part throws it, too.
   * @throws Error if the file cannot be read.
   */
  async *read(): AsyncGenerator<Iterable<Said>> {
    const { progress, signal } = this.options;
    let failure: { readonly error: unknown } | undefined;
    try {
      for await (const chunk of contents(progress.file, this.#source)) {
        yield this.#saidBy(this.#counted(chunk === RESTART ? this.#restart() : this.#lines.push(chunk)));
        progress.bytesRead = chunk === RESTART ? 0 : progress.bytesRead + chunk.length;
      }
      if (!signal.aborted) {
        yield this.#saidBy(this.#counted(this.#lines.end()));
        yield this.#saidBy(this.#joined());
        this.#requireUse();
      }
    } catch (error) {
      failure = { error };
    }
    // Also of a log that could be read only in part.
    yield this.#said(this.#known?.reader.end() ?? [], 0);
    if (failure !== undefined) {
      throw failure.error;
    }
  }

  /** The last line of the file as it was. */
  #restart(): RawLine[] {
    const last = [...this.#lines.end()];
    this.#lines = new LineSplitter();
    this.#knownLines.startPass();
    return last;
  }

  *#counted(lines: Iterable<RawLine>): Generator<RawLine> {
    for (const line of lines) {
      this.options.progress.lines += 1;
      yield line;
    }
  }

  *#saidBy(lines: Iterable<RawLine>): Generator<Said> {
    for (const line of lines) {
      if (this.options.signal.aborted) {
        return;
      }
      yield* this.#said(this.#stepsOf(line), line.bytes?.length ?? 0);
    }
  }

  #said(steps: readonly LogStep[], bytes: number): Said[] {
    return this.#known === undefined || steps.length === 0 ? [] : [{ format: this.#known.format, steps, bytes }];
  }

  #stepsOf(line: RawLine): readonly LogStep[] {
    const { progress, report } = this.options;
    try {
      if (this.#isOfDocument(line)) {
        return [];
      }
      const values = jsonValuesOf(line);
      if (values.length > 1) {
        report.warning(`${progress.file}:${line.number}: it has ${values.length} JSON values`);
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

  #read(value: unknown, { bytes = new Uint8Array() }: RawLine): readonly LogStep[] {
    const { follow, progress } = this.options;
    const whole = objectAt(value, 'the line');
    requireShallow(whole);
    const { format, reader } = (this.#known ??= this.#recognise(whole));
    if (follow && this.#knownLines.isKnown(reader.keysOf?.(whole) ?? [], bytes)) {
      return [];
    }
    const steps = reader.read(whole);
    progress.format = reader.name ?? format.name;
    return steps;
  }

  /** The kind of the log that begins with `first`. */
  #recognise(first: Json): Known {
    const format = formatOf(first);
    if (format === undefined) {
      throw new NotALogError(`it is not a log that the console knows: ${readableFormats().join(', ')}`);
    }
    if (format.reader === undefined) {
      throw new NotALogError(`it is ${format.name}, which the console does not read`);
    }
    for (const { line, error } of this.#stray.splice(0)) {
      this.options.report.badLine(this.options.progress.file, line, error);
    }
    return { format, reader: format.reader() };
  }

  #badLine(bad: Stray): void {
    if (this.#known !== undefined) {
      this.options.report.badLine(this.options.progress.file, bad.line, bad.error);
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

  /** @throws NotALogError if nothing of the file was used. */
  #requireUse(): void {
    const { lines } = this.options.progress;
    const [first] = this.#stray;
    if (first !== undefined) {
      const none = lines === 1 ? 'its only line is not' : `none of its first ${lines} lines is`;
      throw new NotALogError(`${none} a JSON object (line ${first.line}: ${first.error})`);
    }
    if (this.#usedLines === 0) {
      const none = lines === 1 ? 'its only line cannot be used' : `none of its ${lines} lines can be used`;
      throw new NotALogError(lines === 0 ? 'it is empty' : none);
    }
  }
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
