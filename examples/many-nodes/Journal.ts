import { closeSync, openSync, writeSync } from 'node:fs';
import type { BusEvent, Upstream, UpstreamBus } from 'sharing-bus';
import { entryOf, Seen } from './Account.js';
import { wholeLines } from './wholeLines.js';

/** Entries between two marks. A process that is killed publishes at most so many again that are stored already. */
const MARK_EVERY = 100;

type JournalLine = { readonly stored: number } | { readonly busEvent: BusEvent };

/**
 * A file of what the console publishes, written before it is sent: what one process could not store, because it was killed, the next one
 * publishes again. Each event gets its number in the file as its id, so the stream keeps it once.
 *
 * Now and then, a mark says up to which number all events are stored.
 */
export class Journal {
  /** The number of the last event. */
  published = 0;
  /** Those that are known to be stored. */
  readonly stored = new Seen();
  readonly #fd: number;
  /** The last mark in the file. */
  #mark = 0;

  private constructor(readonly file: string) {
    this.#fd = openSync(file, 'a');
  }

  static async open(file: string): Promise<Journal> {
    const journal = new Journal(file);
    await journal.#read((busEvent) => {
      journal.published = entryOf(busEvent);
    });
    return journal;
  }

  /** Events that are not known to be stored, in their order. */
  async unstored(): Promise<BusEvent[]> {
    const busEvents: BusEvent[] = [];
    if (this.stored.low >= this.published) {
      return busEvents;
    }
    await this.#read((busEvent) => {
      if (entryOf(busEvent) > this.stored.low) {
        busEvents.push(busEvent);
      }
    });
    return busEvents.filter((busEvent) => entryOf(busEvent) > this.stored.low);
  }

  /** Writes an event, and returns it with its number. */
  add(busEvent: BusEvent): BusEvent {
    this.published += 1;
    const numbered: BusEvent = { ...busEvent, event: Object.assign({ ...busEvent.event }, { entry: this.published }) };
    this.#write({ busEvent: numbered });
    return numbered;
  }

  /** Notes that an event has come back from the stream. */
  isStored(busEvent: BusEvent): void {
    this.stored.add(entryOf(busEvent));
    if (this.stored.low >= this.#mark + MARK_EVERY) {
      this.mark();
    }
  }

  /** Writes down what is stored. */
  mark(): void {
    this.#mark = this.stored.low;
    this.#write({ stored: this.#mark });
  }

  close(): void {
    closeSync(this.#fd);
  }

  /** An upstream that writes into this journal what it hands over to `upstream`. */
  before(upstream: Upstream): Upstream {
    return {
      open: (bus) => {
        const link = upstream.open(this.#noting(bus));
        return {
          publish: (busEvent) => {
            link.publish(this.add(busEvent));
          },
          bring: link.bring?.bind(link),
          settled: link.settled?.bind(link),
          read: link.read?.bind(link),
          join: link.join?.bind(link),
          leave: link.leave?.bind(link),
          close: () => {
            link.close();
          },
        };
      },
    };
  }

  /** `bus`, of which this journal sees each event. */
  #noting(bus: UpstreamBus): UpstreamBus {
    return {
      scheduler: bus.scheduler,
      log: bus.log.bind(bus),
      begin: bus.begin.bind(bus),
      gap: bus.gap.bind(bus),
      bind: bus.bind.bind(bus),
      stateOf: bus.stateOf.bind(bus),
      end: bus.end.bind(bus),
      event: (busEvent, seq, isOwn) => {
        this.isStored(busEvent);
        bus.event(busEvent, seq, isOwn);
      },
    };
  }

  async #read(use: (busEvent: BusEvent) => void): Promise<void> {
    await wholeLines(this.file, (text) => {
      const line = JSON.parse(text) as JournalLine;
      if ('stored' in line) {
        this.#mark = Math.max(this.#mark, line.stored);
        this.stored.raise(line.stored);
      } else {
        use(line.busEvent);
      }
    });
  }

  #write(line: JournalLine): void {
    let text = Buffer.from(`${JSON.stringify(line)}\n`);
    while (text.length > 0) {
      text = text.subarray(writeSync(this.#fd, text));
    }
  }
}
