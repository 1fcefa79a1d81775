import { type BusEvent, EventFilter, type ReceiverOptions, type SharingBus } from 'sharing-bus';
import type { Ledger, Offered } from '../ledger.js';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';

/** Where a subscriber gets its events, and the independent count of them. */
export interface Source {
  readonly bus: SharingBus;
  readonly ledger: Ledger;
}

export interface WatcherOptions {
  readonly name: string;
  readonly filter?: EventFilter;
  /** Events that may wait. Default: the 256 of a receiver. */
  readonly capacity?: number;
  /** Extra places, besides these, that only some kinds may take. Default: none. */
  readonly reserve?: ReceiverOptions['reserve'];
}

/** A subscriber with a synchronous handler. */
export class Watcher implements ConsoleSubscriber {
  readonly name: string;
  readonly done: Promise<void>;
  delivered = 0;
  readonly #receiver;
  readonly #offered: Offered;

  constructor({ bus, ledger }: Source, options: WatcherOptions, handle: (busEvent: BusEvent) => void) {
    const { name, filter = EventFilter.all, capacity, reserve } = options;
    this.name = name;
    this.#receiver = bus.subscribeFiltered(filter, { name, capacity, reserve });
    this.#offered = ledger.offered(filter);
    this.done = new Promise((resolve, reject) => {
      this.#receiver.events$.subscribe({
        next: (busEvent) => {
          this.delivered += 1;
          handle(busEvent);
        },
        error: reject,
        complete: resolve,
      });
    });
    // It may fail long before somebody waits for it.
    this.done.catch(() => undefined);
  }

  get lagged(): number {
    return this.#receiver.lagged;
  }

  get waiting(): number {
    return this.#offered.count - this.delivered - this.lagged;
  }
}
