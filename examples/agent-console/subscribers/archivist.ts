import type { BusEvent } from 'sharing-bus';
import { MAX_EVENTS_IN_FLIGHT } from '../gate.js';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';
import type { ScrollFiles } from './ScrollFiles.js';
import { type Source, Watcher } from './Watcher.js';

interface Line {
  readonly file: string;
  readonly text: string;
}

export interface ArchivistOptions {
  readonly files: ScrollFiles;
  /** Told how many more events are on disk, or given up. */
  readonly onArchived: (count: number) => void;
  /** Told once, of the first event that could not be written. */
  readonly onFailure: (error: unknown) => void;
}

/**
 * Writes every event as a line into the file of its scroll, in the order of the bus.
 *
 * Its queue has a place for every event that the gate lets in, so it never lags. An event without a scroll goes to
 * `unbound-<connectorUid>.jsonl`: nothing is bound in retrospect.
 */
export class Archivist implements ConsoleSubscriber {
  readonly name = 'archivist';
  readonly done: Promise<void>;
  /** Events that are on disk. */
  delivered = 0;
  readonly #watcher: Watcher;
  readonly #options: ArchivistOptions;
  #pending: Line[] = [];
  #writing: Promise<void> | undefined;
  /** Events that reached it and could not be written. */
  #unwritten = 0;

  constructor(source: Source, options: ArchivistOptions) {
    this.#options = options;
    this.#watcher = new Watcher(source, { name: this.name, capacity: MAX_EVENTS_IN_FLIGHT }, (busEvent) => {
      this.#pending.push({ file: fileOf(busEvent), text: `${JSON.stringify(busEvent)}\n` });
      this.#writing ??= this.#writeAll();
    });
    this.done = this.#watcher.done.then(async () => {
      await this.#writing;
      await options.files.close();
    });
  }

  /** Events that are not on disk and never will be, whether the queue refused them or the disk did. */
  get lagged(): number {
    return this.#watcher.lagged + this.#unwritten;
  }

  /** Those in its queue, and those not yet on disk. */
  get waiting(): number {
    return this.#watcher.waiting + this.#watcher.delivered - this.delivered - this.#unwritten;
  }

  /** Writes what waits, and what comes meanwhile: one write for each file and round. */
  async #writeAll(): Promise<void> {
    // Let the present turn of the bus deliver all of its events first.
    await Promise.resolve();
    while (this.#pending.length > 0) {
      const round = this.#pending;
      this.#pending = [];
      const files = new Map<string, string[]>();
      for (const { file, text } of round) {
        const lines = files.get(file);
        if (lines === undefined) {
          files.set(file, [text]);
        } else {
          lines.push(text);
        }
      }
      for (const [file, lines] of files) {
        await this.#write(file, lines);
      }
      this.#options.onArchived(round.length);
    }
    this.#writing = undefined;
  }

  async #write(file: string, lines: readonly string[]): Promise<void> {
    try {
      await this.#options.files.append(file, lines.join(''));
      this.delivered += lines.length;
    } catch (error) {
      if (this.#unwritten === 0) {
        this.#options.onFailure(error);
      }
      this.#unwritten += lines.length;
    }
  }
}

/** Ids on the bus are canonical UUIDs: safe as file names. */
function fileOf({ routing: { scrollId, connectorUid } }: BusEvent): string {
  return scrollId ?? `unbound-${connectorUid ?? 'nobody'}`;
}
