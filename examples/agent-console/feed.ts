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

  /** Publishes `batches` of events as fast as they are archived. Rejects with the error of `batches`, if they fail. */
  async connect(batches: AsyncIterable<readonly BusEvent[]>): Promise<void> {
    await this.#source.bus.connect(this.#entering(batches), { window: WINDOW, waitFor: this.#waitFor });
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

  /** The events one by one. A generator would take several promises for each. */
  #entering(batches: AsyncIterable<readonly BusEvent[]>): AsyncIterable<BusEvent> {
    const source = batches[Symbol.asyncIterator]();
    let batch: readonly BusEvent[] = [];
    let index = 0;
    const next = async (): Promise<IteratorResult<BusEvent, undefined>> => {
      while (index >= batch.length) {
        const following = await source.next();
        if (following.done === true) {
          return { done: true, value: undefined };
        }
        batch = following.value;
        index = 0;
      }
      const busEvent = batch[index] as BusEvent;
      index += 1;
      this.#enter(busEvent);
      return { done: false, value: busEvent };
    };
    const leave = async (): Promise<IteratorResult<BusEvent, undefined>> => {
      await source.return?.();
      return { done: true, value: undefined };
    };
    return { [Symbol.asyncIterator]: () => ({ next, return: leave }) };
  }

  #enter(busEvent: BusEvent): void {
    this.beforePublish(busEvent);
    this.#source.ledger.enter(busEvent);
  }
}
