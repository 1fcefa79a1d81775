import { setImmediate } from 'node:timers/promises';
import { type BusEvent, EventFilter } from 'sharing-bus';
import type { Archivist } from './subscribers/archivist.js';
import { NOTICE_KINDS } from './subscribers/notifier.js';
import type { Source } from './subscribers/Watcher.js';

/** Events that a file publishes before it waits for the archivist. An agent waits after each message, so it needs fewer. */
export const WINDOW = 128;

/**
 * Publishes events to the bus. Each publisher waits for the archivist and for no other subscriber. So the archive loses nothing,
 * memory is bounded, and a slow subscriber delays no one.
 */
export class Feed {
  readonly #source: Source;
  #isClosed = false;

  /**
   * @param archivist Has room for a {@link WINDOW} of each publisher.
   * @param beforePublish Called with each event right before it is published. A receiver made in this call still gets the event.
   */
  constructor(
    source: Source,
    private readonly archivist: Archivist,
    private readonly beforePublish: (busEvent: BusEvent) => void,
  ) {
    this.#source = source;
  }

  /**
   * Publishes the events of `batches`, and reads on when the archivist has taken the last {@link WINDOW} of them. It does what `bus.connect`
   * does, without a promise for each event: a log has many. It also waits after an event of which there may be a notice, so that the screen
   * shows the notice beside the event.
   *
   * @throws The error of `batches`, if they fail.
   */
  async connect(batches: AsyncIterable<Iterable<BusEvent>>): Promise<void> {
    let sinceFlush = 0;
    for await (const batch of batches) {
      for (const busEvent of batch) {
        if (this.#isClosed) {
          return;
        }
        this.#enter(busEvent);
        sinceFlush += 1;
        if (sinceFlush === WINDOW || NOTICE_KINDS.includes(busEvent.routing.kind)) {
          sinceFlush = 0;
          await this.flush();
          // Sockets are served between tasks. Without this, pages would lose what a file says all at once.
          await setImmediate();
        }
      }
    }
  }

  /** Publishes what happens now. Resolves when the archivist has taken it. */
  async publish(busEvents: readonly BusEvent[]): Promise<void> {
    await this.append(busEvents.map((busEvent) => ({ ...busEvent, at: busEvent.at ?? Date.now() })));
  }

  /** Publishes `busEvents` as they are. Resolves when the archivist has taken them. */
  async append(busEvents: readonly BusEvent[]): Promise<void> {
    if (!this.#isClosed) {
      for (const busEvent of busEvents) {
        this.#enter(busEvent);
      }
      await this.flush();
    }
  }

  /** Resolves when the archivist has taken every event that was published before, and has room for more. */
  async flush(): Promise<void> {
    await this.#source.bus.flush(EventFilter.all, { waitFor: [this.archivist.receiver] });
    await this.archivist.untilRoom();
  }

  /** Closes the bus. Nothing is published after this. */
  close(): void {
    this.#isClosed = true;
    this.#source.bus.close();
  }

  #enter(busEvent: BusEvent): void {
    this.beforePublish(busEvent);
    this.#source.ledger.enter(busEvent);
    this.#source.bus.publish(busEvent);
  }
}
