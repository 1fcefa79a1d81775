import { dropNewest, EventFilter } from 'sharing-bus';
import type { ConsoleSubscriber } from './ConsoleSubscriber.js';
import { BusyScheduler } from './BusyScheduler.js';
import type { Source } from './Watcher.js';

/** Events that may wait for it: few, so that it lags soon. */
const CAPACITY = 16;

/**
 * Takes its time for each event, and loses what does not find room meanwhile.
 *
 * An observable pushes, so a handler that awaits would be called again at once, and what it has not done would pile up
 * uncounted. Instead the queue of `dropNewest` waits: its next turn begins when the handler would be through with the
 * events of the turn before. What the queue refuses is counted by the operator; the receiver before it never fills.
 */
export class SlowReader implements ConsoleSubscriber {
  readonly name = 'slow-reader';
  readonly done: Promise<void>;
  delivered = 0;
  #dropped = 0;
  readonly #offered;
  readonly #receiver;
  readonly #scheduler = new BusyScheduler();

  /** @param milliseconds What it takes for each event. */
  constructor({ bus, ledger }: Source, milliseconds: number) {
    this.#receiver = bus.subscribeAll();
    this.#offered = ledger.offered(EventFilter.all);
    this.done = new Promise((resolve, reject) => {
      this.#receiver.events$
        .pipe(
          dropNewest({
            capacity: CAPACITY,
            scheduler: this.#scheduler,
            onDrop: (_busEvent, lagged) => {
              this.#dropped = lagged;
            },
          }),
        )
        .subscribe({
          next: () => {
            this.delivered += 1;
            this.#scheduler.work(milliseconds);
          },
          error: reject,
          complete: resolve,
        });
    });
  }

  /** Lost before the queue, where a burst was larger than the receiver, and in it. */
  get lagged(): number {
    return this.#receiver.lagged + this.#dropped;
  }

  get waiting(): number {
    return this.#offered.count - this.delivered - this.lagged;
  }

  /** The run ends: it reads what waits without taking its time. */
  hurry(): void {
    this.#scheduler.hurry();
  }
}
