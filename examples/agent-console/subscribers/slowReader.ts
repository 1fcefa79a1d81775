import { EventFilter, type Gap } from 'sharing-bus';
import { delay } from '../connectors/delay.js';
import type { ConsoleSubscriber, GapCount } from './ConsoleSubscriber.js';
import type { Source } from './Watcher.js';

/** Events that may wait. Few, so that it loses events soon. */
const CAPACITY = 16;
/** Kinds beyond this many are counted together as `*`: an agent may invent any number of kinds. */
const MAX_KINDS = 64;
/** The shortest wait of a timer, in milliseconds. */
const SHORTEST_MS = 1;

/**
 * Takes a fixed time for each event, and loses the events that find its queue full. No other subscriber is delayed.
 *
 * It pulls, so events wait in the queue of its receiver. It pulls `deliveries`, so it also gets the gaps, each in its place.
 */
export class SlowReader implements ConsoleSubscriber {
  readonly name = 'slow-reader';
  readonly done: Promise<void>;
  delivered = 0;
  readonly #byKind = new Map<string, number>();
  #gapCount = 0;
  readonly #offered;
  readonly #receiver;
  readonly #hurried = new AbortController();

  /** @param milliseconds The time for each event. */
  constructor({ bus, ledger }: Source, milliseconds: number) {
    this.#receiver = bus.subscribeFiltered(EventFilter.all, { capacity: CAPACITY, name: this.name });
    this.#offered = ledger.offered(EventFilter.all);
    this.done = this.#read(milliseconds);
    // It may fail long before somebody waits for it.
    this.done.catch(() => undefined);
  }

  get lagged(): number {
    return this.#receiver.lagged;
  }

  get waiting(): number {
    return this.#offered.count - this.delivered - this.lagged;
  }

  get gaps(): GapCount {
    return { count: this.#gapCount, byKind: this.#byKind };
  }

  /** Reads the events that wait without a delay: for the end of the run. */
  hurry(): void {
    this.#hurried.abort();
  }

  async #read(milliseconds: number): Promise<void> {
    let busyUntil = 0;
    for await (const delivery of this.#receiver.deliveries) {
      if (delivery.type === 'gap') {
        this.#countGap(delivery);
      } else {
        this.delivered += 1;
        busyUntil = Math.max(busyUntil, performance.now()) + milliseconds;
        const wait = busyUntil - performance.now();
        // Times that are too short for a timer add up.
        await delay(wait < SHORTEST_MS ? 0 : wait, this.#hurried.signal);
      }
    }
  }

  #countGap({ byKind }: Gap): void {
    this.#gapCount += 1;
    for (const [kind, missed] of Object.entries(byKind)) {
      const key = this.#byKind.has(kind) || this.#byKind.size < MAX_KINDS ? kind : '*';
      this.#byKind.set(key, (this.#byKind.get(key) ?? 0) + missed);
    }
  }
}
