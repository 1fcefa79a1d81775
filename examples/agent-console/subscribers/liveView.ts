import { type BusEvent, EventFilter, type SessionRegistered } from 'sharing-bus';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';
import { type Source, Watcher } from './Watcher.js';

/** However much an agent talks: that it asks for a permission, and that its session ends, is not lost to it. */
const RESERVE = { capacity: 64, kinds: ['session-lifecycle', 'permission'] };

/**
 * Shows one scroll as it grows: the first that is registered, or the first of the session that was asked for.
 *
 * A receiver has no replay, so it subscribes just before the registration is published.
 */
export class LiveView implements ConsoleSubscriber {
  readonly name = 'live-view';
  #watcher: Watcher | undefined;

  /** @param watched A native session id or a connector id; `undefined`: whichever comes first. */
  constructor(
    private readonly source: Source,
    private readonly watched: string | undefined,
    private readonly show: (busEvent: BusEvent) => void,
  ) {}

  /** Looks at an event that is about to be published. */
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
