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

/** How far a file has been read, for the screen. */
export interface FileProgress {
  readonly file: string;
  /** Bytes, when it was opened; 0 where that is not known. */
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
  /** How many times faster than it happened; `undefined`: as fast as it can be taken. */
  readonly speed: number | undefined;
  /** Ends the reading, after a whole line. */
  readonly signal: AbortSignal;
  /** About how many bytes of lines it may have given since it last flushed, unless it is one line alone. */
  readonly maxBytes: number;
  /** Resolves when the archivist has taken what was given before. */
  readonly flush: () => Promise<void>;
}

/** A line made ready, so that it is given whole or not at all. */
interface Step {
  /** When it happened, where the line tells. */
  readonly at: number | undefined;
  readonly bytes: number;
  /** Called when they are given, and not before. */
  events(): readonly BusEvent[];
}

/**
 * The events of a session log of the pi coding agent, or of a scroll that a console archived, line by line.
 *
 * Lines before the first registration follow the law of late binding: they are given without a session. A file that
 * registers none at all is one session, named after the file.
 */
export class LogFile implements AsyncIterable<BusEvent> {
  readonly #pace: Pace;
  #lines = new LineSplitter();
  #registersLater: boolean | undefined;
  /** Bytes of lines given since the last flush. */
  #given = 0;

  constructor(private readonly options: LogFileOptions) {
    this.#pace = new Pace(options.speed, options.signal);
  }

  /** Ends at the file's end, or when the signal aborts. Fails where the file cannot be read. */
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

  /** A bus counts events, and a line may hold megabytes: many of these wait here. */
  async #makeRoom(bytes: number): Promise<void> {
    if (this.#given > 0 && this.#given + bytes > this.options.maxBytes) {
      await this.options.flush();
      this.#given = 0;
    }
    this.#given += bytes;
  }

  /** What a line gives, if it is anything, when it is time and there is room. A bad line is reported. */
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

  /** Reads and checks a line; `undefined` for a blank one. Throws where nothing of it can be published. */
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
    // A scroll holds its own `Connected` already.
    return entry.type === 'recorded' ? registered : [...registered, ...connector.connect()];
  }

  /** The session to open where no line of the file does; `undefined` where one will. */
  async #fallbackSession(entry: LogEntry): Promise<string | undefined> {
    this.#registersLater ??= await registersSomewhere(this.options.progress.file, this.options.signal);
    if (this.#registersLater) {
      return undefined;
    }
    const recorded = entry.type === 'recorded' ? entry.busEvent.routing.nativeSessionId : undefined;
    return recorded ?? basename(this.options.progress.file, extname(this.options.progress.file));
  }
}

/** The session that a line registers, if it does. */
function registeredBy(entry: LogEntry): string | undefined {
  if (entry.type === 'session') {
    return entry.sessionId;
  }
  const sessionId =
    entry.type === 'recorded' && entry.busEvent.event.type === 'SessionRegistered' && entry.busEvent.event.sessionId;
  return sessionId === false ? undefined : sessionId;
}

/** What a line publishes besides a registration. */
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

/** Whether any line of the file registers a session. A pipe can be read only once: there, none is expected. */
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
  // The engine's stack is the limit where JSON is written; the schema's own limit is lower and says so.
  if (error instanceof RangeError) {
    return 'nested too deep';
  }
  return error instanceof Error ? error.message : String(error);
}
