import { type BusEvent, type BusReceiver, EventFilter } from 'sharing-bus';
import type { Offered } from '../ledger.js';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';
import type { ScrollFiles } from './ScrollFiles.js';
import type { Source } from './Watcher.js';

export interface ArchivistOptions {
  /** `undefined` if the bus itself keeps the events in a file, before it delivers them. */
  readonly files: ScrollFiles | undefined;
  /** Events that may wait. With room for one window of each publisher, it never loses an event. */
  readonly capacity: number;
  /** Called once, with the error of the first write that failed. */
  readonly onFailure: (error: unknown) => void;
}

interface Line {
  readonly file: string;
  readonly text: string;
}

/** The most that it collects for the next write while one is running. */
const MAX_LINES = 128;
const MAX_CHARACTERS = 1024 * 1024;

/**
 * Writes every event as a line into the file of its scroll, in the order of the bus. Without files, it only counts what is kept.
 *
 * It pulls events as fast as it writes, and the publishers wait for it. An event without a scroll goes to
 * `unbound-<connectorUid>.jsonl`, also when its session is registered later.
 */
export class Archivist implements ConsoleSubscriber {
  readonly name = 'archivist';
  readonly done: Promise<void>;
  /** Events that are on disk. */
  delivered = 0;
  /** The publishers wait for this receiver. */
  readonly receiver: BusReceiver;
  readonly #options: ArchivistOptions;
  readonly #offered: Offered;
  /** Events that it took and could not write. */
  #unwritten = 0;
  #pending: Line[] = [];
  #characters = 0;
  #writing: Promise<void> | undefined;

  constructor({ bus, ledger }: Source, options: ArchivistOptions) {
    const { capacity } = options;
    this.#options = options;
    this.receiver = bus.subscribeFiltered(EventFilter.all, { capacity, name: this.name });
    this.#offered = ledger.offered(EventFilter.all);
    this.done = this.#archive();
  }

  /** Events that will never be on disk, because the queue was full or a write failed. */
  get lagged(): number {
    return this.receiver.lagged + this.#unwritten;
  }

  /** Events in its queue, and events that are being written. */
  get waiting(): number {
    return this.#offered.count - this.delivered - this.lagged;
  }

  async #archive(): Promise<void> {
    const { files } = this.#options;
    try {
      await (files === undefined ? this.#count() : this.#take(files));
    } finally {
      await this.#writing;
      await files?.close();
    }
  }

  async #count(): Promise<void> {
    while ((this.#waitingOne() ?? (await this.#next())) !== undefined) {
      this.delivered += 1;
    }
  }

  async #take(files: ScrollFiles): Promise<void> {
    for (
      let busEvent = await this.#next();
      busEvent !== undefined;
      busEvent = this.#waitingOne() ?? (await this.#next())
    ) {
      const text = `${JSON.stringify(busEvent)}\n`;
      this.#pending.push({ file: fileOf(busEvent), text });
      this.#characters += text.length;
      this.#writing ??= this.#writeAll(files);
      if (this.#pending.length >= MAX_LINES || this.#characters >= MAX_CHARACTERS) {
        await this.#writing;
      }
    }
  }

  /** The next event, when it comes; `undefined` when none will come. */
  #next(): Promise<BusEvent | undefined> {
    return this.receiver.recv();
  }

  /** The next event, if it waits. That takes no promise. */
  #waitingOne(): BusEvent | undefined {
    const next = this.receiver.tryRecv();
    return next.type === 'event' ? next.event : undefined;
  }

  /** Writes all pending lines, also those added meanwhile, with one write for each file and round. */
  async #writeAll(to: ScrollFiles): Promise<void> {
    // Let the events that wait on the bus join this round.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) {
      const round = this.#pending;
      this.#pending = [];
      this.#characters = 0;
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
        await this.#write(to, file, lines);
      }
    }
    this.#writing = undefined;
  }

  async #write(to: ScrollFiles, file: string, lines: readonly string[]): Promise<void> {
    try {
      await to.append(file, lines.join(''));
      this.delivered += lines.length;
    } catch (error) {
      if (this.#unwritten === 0) {
        this.#options.onFailure(error);
      }
      this.#unwritten += lines.length;
    }
  }
}

/** Ids on the bus are canonical UUIDs, so they are safe as file names. */
function fileOf({ routing: { scrollId, connectorUid } }: BusEvent): string {
  return scrollId ?? `unbound-${connectorUid ?? 'unknown'}`;
}
