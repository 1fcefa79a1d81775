import { type BusEvent, type BusReceiver, EventFilter } from 'sharing-bus';
import type { Offered } from '../ledger.js';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';
import { LineBuffer } from './LineBuffer.js';
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

/** With this many bytes of lines that wait for the next write, it has no room for more. */
const MAX_BYTES = 1024 * 1024;

/**
 * Writes every event as a line into the file of its scroll, in the order of the bus. Without files, it only counts what is kept.
 *
 * The publishers wait for it, and until it has room again. An event without a scroll goes to `unbound-<connectorUid>.jsonl`, also when its
 * session is registered later.
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
  /** What is written next. */
  #pending = new LineBuffer();
  /** What was written last: it is used again. */
  #spare = new LineBuffer();
  #writing: Promise<void> | undefined;
  /** Called when the next round is being written. */
  readonly #onRound: (() => void)[] = [];

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

  /** Resolves when it has room for more events: while it writes slowly, the publishers must not read on. */
  async untilRoom(): Promise<void> {
    while (this.#pending.length >= MAX_BYTES) {
      await new Promise<void>((resolve) => this.#onRound.push(resolve));
    }
  }

  async #archive(): Promise<void> {
    const { files } = this.#options;
    try {
      await new Promise<void>((complete, error) => {
        const next = (busEvent: BusEvent): void => {
          this.#take(busEvent, files);
        };
        this.receiver.events$.subscribe({ next, error, complete });
      });
    } finally {
      await this.#writing;
      await files?.close();
    }
  }

  #take(busEvent: BusEvent, files: ScrollFiles | undefined): void {
    if (files === undefined) {
      this.delivered += 1;
    } else {
      this.#pending.add(fileOf(busEvent), JSON.stringify(busEvent));
      this.#writing ??= this.#writeAll(files);
    }
  }

  /** Writes all pending lines, also those added meanwhile, with one write for each file and round. */
  async #writeAll(to: ScrollFiles): Promise<void> {
    // Let the events that wait on the bus join this round.
    await new Promise(setImmediate);
    while (this.#pending.length > 0) {
      const round = this.#pending;
      this.#pending = this.#spare;
      for (const proceed of this.#onRound.splice(0)) {
        proceed();
      }
      for (const { bytes, file, lines } of round.files()) {
        await this.#write(to, file, bytes, lines);
      }
      round.clear();
      this.#spare = round;
    }
    this.#writing = undefined;
  }

  async #write(to: ScrollFiles, file: string, bytes: Uint8Array, lines: number): Promise<void> {
    try {
      await to.append(file, bytes);
      this.delivered += lines;
    } catch (error) {
      if (this.#unwritten === 0) {
        this.#options.onFailure(error);
      }
      this.#unwritten += lines;
    }
  }
}

/** Ids on the bus are canonical UUIDs, so they are safe as file names. */
function fileOf({ routing: { scrollId, connectorUid } }: BusEvent): string {
  return scrollId ?? `unbound-${connectorUid ?? 'unknown'}`;
}
