import { stat } from 'node:fs/promises';
import { basename, extname } from 'node:path';
import type { BusEvent } from 'sharing-bus';
import type { Draft } from '../draft.js';
import type { Report } from '../report.js';
import type { Connector } from './Connector.js';
import { fileChunks, RESTART } from './fileChunks.js';
import { jsonOf, LineSplitter, type RawLine } from './lines.js';
import { type LogEntry, logEntry } from './logEntry.js';
import { Pace } from './Pace.js';

/** How much of a file has been read, for the screen. */
export interface FileProgress {
  readonly file: string;
  /** Bytes at the start of the run; 0 if unknown. */
  readonly size: number;
  bytesRead: number;
  lines: number;
  isDone: boolean;
}

export interface LogFileOptions {
  readonly connector: Connector;
  readonly report: Report;
  readonly progress: FileProgress;
  readonly follow: boolean;
  /** The factor of the replay; `undefined`: as fast as it can be archived. */
  readonly speed: number | undefined;
  /** Stops after a complete line. */
  readonly signal: AbortSignal;
  /** About the most bytes of lines between two flushes. One line alone may have more. */
  readonly maxBytes: number;
  /** Resolves when the archivist has taken all events so far. */
  readonly flush: () => Promise<void>;
}

/** A checked line, so that either all of its events are published or none. */
interface Step {
  /** The timestamp of the line, if it has one. */
  readonly at: number | undefined;
  readonly bytes: number;
  /** Registers sessions, so it is called right before the events are published. */
  events(): readonly BusEvent[];
}

/**
 * The events of a session log of the pi coding agent, or of a scroll that a console archived, line by line.
 *
 * The events of lines before the first registration have no session. If a file registers no session, all of it is one session, named
 * after the file.
 */
export class LogFile implements AsyncIterable<BusEvent> {
  readonly #pace: Pace;
  #lines = new LineSplitter();
  #registersLater: boolean | undefined;
  /** Bytes of lines since the last flush. */
  #unflushed = 0;

  constructor(private readonly options: LogFileOptions) {
    this.#pace = new Pace(options.speed, options.signal);
  }

  /** Ends at the end of the file, or when the signal aborts. Throws if the file cannot be read. */
  async *[Symbol.asyncIterator](): AsyncGenerator<BusEvent> {
    const { progress, signal } = this.options;
    try {
      for await (const chunk of fileChunks(progress.file, this.options)) {
        if (chunk === RESTART) {
          yield* this.#eventsOf(this.#lines.end());
          this.#lines = new LineSplitter();
          progress.bytesRead = 0;
        } else {
          yield* this.#eventsOf(this.#lines.push(chunk));
          progress.bytesRead += chunk.length;
        }
      }
      if (!signal.aborted) {
        yield* this.#eventsOf(this.#lines.end());
      }
    } finally {
      progress.isDone = true;
    }
  }

  async *#eventsOf(lines: Iterable<RawLine>): AsyncGenerator<BusEvent> {
    for (const line of lines) {
      const step = await this.#take(line);
      if (this.options.signal.aborted) {
        return;
      }
      yield* step?.events() ?? [];
    }
  }

  /** The bus limits the number of events, not their size, and a line may have megabytes. So this waits for a flush after many bytes. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#unflushed > 0 && this.#unflushed + bytes > this.options.maxBytes) {
      await this.options.flush();
      this.#unflushed = 0;
    }
    this.#unflushed += bytes;
  }

  /** The events of a line, when it is time and there is room. Reports a bad line. */
  async #take(line: RawLine): Promise<Step | undefined> {
    const { progress, report, signal } = this.options;
    if (signal.aborted) {
      return undefined;
    }
    progress.lines += 1;
    let step: Step | undefined;
    try {
      step = await this.#prepare(line);
    } catch (error) {
      report.badLine(progress.file, line.number, reasonOf(error));
    }
    if (step !== undefined) {
      await this.#pace.reach(step.at);
      await this.#makeRoom(step.bytes);
    }
    return step;
  }

  /** Parses and checks a line; `undefined` if it is blank. Throws if it cannot be published. */
  async #prepare(line: RawLine): Promise<Step | undefined> {
    const { connector } = this.options;
    const value = jsonOf(line);
    if (value === undefined) {
      return undefined;
    }
    const entry = logEntry(value);
    const bytes = line.bytes?.length ?? 0;
    const opened = registeredBy(entry);
    if (opened !== undefined) {
      const busEvents = draftsOf(entry).map((one) => connector.address(one, opened));
      return { at: timeOf(entry), bytes, events: () => [...this.#open(opened, entry), ...busEvents] };
    }
    const fallback = connector.hasRegistered ? undefined : await this.#fallbackSession(entry);
    const sessionId = entry.type === 'recorded' ? entry.busEvent.routing.nativeSessionId : connector.session;
    const busEvents = draftsOf(entry).map((one) => connector.address(one, sessionId ?? fallback));
    const events = (): BusEvent[] => [...(fallback === undefined ? [] : this.#open(fallback, entry)), ...busEvents];
    return { at: timeOf(entry), bytes, events };
  }

  #open(sessionId: string, entry: LogEntry): BusEvent[] {
    const { connector } = this.options;
    const registered = connector.register(sessionId);
    // A scroll already has a `Connected`.
    return entry.type === 'recorded' ? registered : [...registered, ...connector.connect()];
  }

  /** The session to register if no line of the file does; `undefined` if one does. */
  async #fallbackSession(entry: LogEntry): Promise<string | undefined> {
    this.#registersLater ??= await registersSomewhere(this.options.progress.file, this.options.signal);
    if (this.#registersLater) {
      return undefined;
    }
    const recorded = entry.type === 'recorded' ? entry.busEvent.routing.nativeSessionId : undefined;
    return recorded ?? basename(this.options.progress.file, extname(this.options.progress.file));
  }
}

/** The session that a line registers, if any. */
function registeredBy(entry: LogEntry): string | undefined {
  if (entry.type === 'session') {
    return entry.sessionId;
  }
  const sessionId =
    entry.type === 'recorded' && entry.busEvent.event.type === 'SessionRegistered' && entry.busEvent.event.sessionId;
  return sessionId === false ? undefined : sessionId;
}

/** The events of a line, without a registration. */
function draftsOf(entry: LogEntry): readonly Draft[] {
  if (entry.type !== 'recorded') {
    return entry.drafts;
  }
  const { routing, origin, event } = entry.busEvent;
  return event.type === 'SessionRegistered' ? [] : [{ kind: routing.kind, origin, event }];
}

function timeOf(entry: LogEntry): number | undefined {
  return entry.type === 'recorded' ? undefined : entry.at;
}

/** Whether any line of the file registers a session. `false` for a pipe, which can be read only once. */
async function registersSomewhere(file: string, signal: AbortSignal): Promise<boolean> {
  if (!(await stat(file)).isFile()) {
    return false;
  }
  const lines = new LineSplitter();
  for await (const chunk of fileChunks(file, { follow: false, signal })) {
    for (const line of chunk === RESTART ? [] : lines.push(chunk)) {
      if (registersSession(line)) {
        return true;
      }
    }
  }
  return [...lines.end()].some(registersSession);
}

function registersSession(line: RawLine): boolean {
  try {
    return registeredBy(logEntry(jsonOf(line))) !== undefined;
  } catch {
    return false;
  }
}

function reasonOf(error: unknown): string {
  // The stack of the engine was too small to write the JSON. (The schema has a lower limit, with a message of its own.)
  if (error instanceof RangeError) {
    return 'nested too deeply';
  }
  return error instanceof Error ? error.message : String(error);
}
