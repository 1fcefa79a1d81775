import { type BusEvent, EventFilter } from 'sharing-bus';
import type { Archivist } from './subscribers/archivist.js';
import type { Source } from './subscribers/Watcher.js';

/** Events that a file publishes before it waits for the archivist. An agent waits after each message, so it needs fewer. */
export const WINDOW = 64;

/**
 * Publishes events to the bus. Each publisher waits for the archivist and for no other subscriber. So the archive loses nothing,
 * memory is bounded, and a slow subscriber delays no one.
 */
export class Feed {
  readonly #source: Source;
  readonly #waitFor;
  #isClosed = false;

  /**
   * @param archivist Has room for a {@link WINDOW} of each publisher.
   * @param beforePublish Called with each event right before it is published. A receiver made in this call still gets the event.
   */
  constructor(
    source: Source,
    archivist: Archivist,
    private readonly beforePublish: (busEvent: BusEvent) => void,
  ) {
    this.#source = source;
    this.#waitFor = [archivist.receiver];
  }

  /** Publishes `events` as fast as they are archived. Rejects with the error of `events`, if it fails. */
  async connect(events: AsyncIterable<BusEvent>): Promise<void> {
    await this.#source.bus.connect(this.#entering(events), { window: WINDOW, waitFor: this.#waitFor });
  }

  /** Publishes `busEvents`. Resolves when the archivist has taken them. */
  async publish(busEvents: readonly BusEvent[]): Promise<void> {
    if (!this.#isClosed) {
      for (const busEvent of busEvents) {
        this.#enter(busEvent);
        this.#source.bus.publish(busEvent);
      }
      await this.flush();
    }
  }

  /** Resolves when the archivist has taken every event that was published before. */
  async flush(): Promise<void> {
    await this.#source.bus.flush(EventFilter.all, { waitFor: this.#waitFor });
  }

  /** Closes the bus. Nothing is published after this. */
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
