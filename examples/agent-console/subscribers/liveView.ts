import { type BusEvent, EventFilter, type SessionRegistered } from 'sharing-bus';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';
import { type Source, Watcher } from './Watcher.js';

/** However much an agent writes: permission requests and the end of the session still find room. */
const RESERVE = { capacity: 64, kinds: ['session-lifecycle', 'permission'] };

/**
 * Shows one scroll as it grows: the first that is registered, or the one of the session that the user named.
 *
 * It subscribes right before the registration is published, so it misses nothing on a bus without a history.
 */
export class LiveView implements ConsoleSubscriber {
  readonly name = 'live-view';
  #watcher: Watcher | undefined;

  /** @param watched A native session id or a connector id. `undefined`: the first session. */
  constructor(
    private readonly source: Source,
    private readonly watched: string | undefined,
    private readonly show: (busEvent: BusEvent) => void,
  ) {}

  /** Subscribes, if `busEvent`, which is about to be published, registers the session to show. */
  consider({ event }: BusEvent): void {
    if (this.#watcher === undefined && event.type === 'SessionRegistered' && this.#wants(event)) {
      const filter = EventFilter.scrollId(event.scrollId);
      this.#watcher = new Watcher(this.source, { name: this.name, filter, reserve: RESERVE }, this.show);
    }
  }

  get delivered(): number {
    return this.#watcher?.delivered ?? 0;
  }

  get lagged(): number {
    return this.#watcher?.lagged ?? 0;
  }

  get waiting(): number {
    return this.#watcher?.waiting ?? 0;
  }

  get done(): Promise<void> {
    return this.#watcher?.done ?? Promise.resolve();
  }

  #wants({ connectorId, sessionId }: SessionRegistered): boolean {
    return this.watched === undefined || this.watched === sessionId || this.watched === connectorId;
  }
}
