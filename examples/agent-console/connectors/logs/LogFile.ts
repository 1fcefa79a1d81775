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
   * The events, in batches: what can be published at once. Ends at the end of the file, or when the signal aborts.
   *
   * @throws as {@link LogLines.read} does.
   */
  async *batches(): AsyncGenerator<readonly BusEvent[]> {
    const { connect, pace, progress, report } = this.options;
    const onWait = (): void => {
      pace.leave();
      report.warning(`waiting for ${progress.file}: there is no such file yet`);
    };
    try {
      for await (const said of new LogLines({ ...this.options, onWait }).read()) {
        const connector = (this.#connector ??= connect(`${said.format.connector}:${progress.file}`));
        await this.#makeRoom(said.bytes);
        yield* this.#batchesOf(said, connector);
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

  /** The events of a line: all at once, or each when it is time. */
  async *#batchesOf(said: Said, connector: Connector): AsyncGenerator<readonly BusEvent[]> {
    const { pace, signal } = this.options;
    // A scroll already has a `Connected`.
    const connects = said.format.connector !== 'scroll';
    const steps = [...(await this.#fallback(said, connector)), ...said.steps];
    if (!pace.isPaced) {
      yield steps.flatMap((step) => eventsOf(step, connector, connects));
      return;
    }
    for (const step of steps) {
      await pace.reach(step.at);
      if (signal.aborted) {
        return;
      }
      yield eventsOf(step, connector, connects);
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

  /** Opens a session for steps that belong to none, if the file opens none at all. */
  async #fallback({ format, steps: [first] }: Said, connector: Connector): Promise<readonly LogStep[]> {
    const { file } = this.options.progress;
    if (first === undefined || isOpening(first) || connector.hasRegistered) {
      return [];
    }
    this.#opensLater ??= await opensSomewhere(file, format, this.options.signal);
    return this.#opensLater ? [] : [{ opens: first.sessionId ?? basename(file, extname(file)), at: first.at }];
  }
}

function eventsOf(step: LogStep, connector: Connector, connects: boolean): BusEvent[] {
  return isOpening(step)
    ? [...connector.register(step.opens, step.at), ...(connects ? connector.connect(step.at) : [])]
    : [connector.addressTrusted(step, step.sessionId ?? connector.session)];
}
