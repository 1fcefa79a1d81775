import { EventFilter, type Gap } from 'sharing-bus';
import { delay } from '../connectors/delay.js';
import type { ConsoleSubscriber, GapCount } from './ConsoleSubscriber.js';
import type { Source } from './Watcher.js';

/** Events that may wait for it: few, so that it lags soon. */
const CAPACITY = 16;
/** Agents may invent kinds without end: of more, the others are counted together, as `*`. */
const MAX_KINDS = 64;
/** Timers know no shorter wait, in milliseconds. */
const SHORTEST = 1;

/**
 * Takes its time for each event, and loses what does not find room meanwhile: nobody else waits for it.
 *
 * It pulls, so what it has not come to waits in its receiver's queue; and it pulls deliveries, so it is told what is
 * missing, in the place where it is missing.
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

  /** @param milliseconds What it takes for each event. */
  constructor({ bus, ledger }: Source, milliseconds: number) {
    this.#receiver = bus.subscribeFiltered(EventFilter.all, { capacity: CAPACITY, name: this.name });
    this.#offered = ledger.offered(EventFilter.all);
    this.done = this.#read(milliseconds);
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

  /** The run ends: it reads what waits without taking its time. */
  hurry(): void {
    this.#hurried.abort();
  }

  async #read(milliseconds: number): Promise<void> {
    let busyUntil = 0;
    for await (const delivery of this.#receiver.deliveries) {
      if (delivery.type === 'gap') {
        this.#note(delivery);
      } else {
        this.delivered += 1;
        busyUntil = Math.max(busyUntil, performance.now()) + milliseconds;
        const wait = busyUntil - performance.now();
        // What is too short for a timer adds up.
        await delay(wait < SHORTEST ? 0 : wait, this.#hurried.signal);
      }
    }
  }

  #note({ byKind }: Gap): void {
    this.#gapCount += 1;
    for (const [kind, missed] of Object.entries(byKind)) {
      const key = this.#byKind.has(kind) || this.#byKind.size < MAX_KINDS ? kind : '*';
      this.#byKind.set(key, (this.#byKind.get(key) ?? 0) + missed);
    }
  }
}
