/** A queue that can deliver its events. */
export interface Drainable {
  drain(): void;
}

/** One microtask for all queues that a burst has filled: the cheapest way to leave the publisher's stack. */
export class SharedDrain {
  #filled: Drainable[] = [];

  /** Adds a queue that was empty until now. */
  request(queue: Drainable): void {
    if (this.#filled.push(queue) === 1) {
      queueMicrotask(this.#run);
    }
  }

  readonly #run = (): void => {
    const filled = this.#filled;
    this.#filled = [];
    for (const queue of filled) {
      queue.drain();
    }
  };
}
