import { type BusEvent, EventFilter } from 'sharing-bus';
import type { Archivist } from './subscribers/archivist.js';
import type { Source } from './subscribers/Watcher.js';

/** Events that a file may have on the bus before it waits for the archivist; an agent, message by message, has fewer. */
export const WINDOW = 64;

/**
 * The way onto the bus. Who publishes waits for the archivist, and for nobody else: this is what makes the archive
 * lossless, and memory bounded, while a slow subscriber delays nobody.
 */
export class Feed {
  readonly #source: Source;
  readonly #waitFor;
  #isClosed = false;

  /**
   * @param archivist Has room for a {@link WINDOW} of each who publishes.
   * @param beforePublish Called with each event at the last moment at which one can subscribe and still receive it.
   */
  constructor(
    source: Source,
    archivist: Archivist,
    private readonly beforePublish: (busEvent: BusEvent) => void,
  ) {
    this.#source = source;
    this.#waitFor = [archivist.receiver];
  }

  /** Publishes what comes from `events`, as fast as it is archived. Rejects with what `events` fails with. */
  async connect(events: AsyncIterable<BusEvent>): Promise<void> {
    await this.#source.bus.connect(this.#entering(events), { window: WINDOW, waitFor: this.#waitFor });
  }

  /** Publishes `busEvents`, and resolves when the archivist has taken them. */
  async publish(busEvents: readonly BusEvent[]): Promise<void> {
    if (!this.#isClosed) {
      for (const busEvent of busEvents) {
        this.#enter(busEvent);
        this.#source.bus.publish(busEvent);
      }
      await this.flush();
    }
  }

  /** Resolves when the archivist has taken all that was published before. */
  async flush(): Promise<void> {
    await this.#source.bus.flush(EventFilter.all, { waitFor: this.#waitFor });
  }

  /** Closes the bus; nothing is published any more. */
  close(): void {
    this.#isClosed = true;
    this.#source.bus.close();
  }

  async *#entering(events: AsyncIterable<BusEvent>): AsyncGenerator<BusEvent> {
    for await (const busEvent of events) {
      this.#enter(busEvent);
      yield busEvent;
    }
  }

  #enter(busEvent: BusEvent): void {
    this.beforePublish(busEvent);
    this.#source.ledger.enter(busEvent);
  }
}
