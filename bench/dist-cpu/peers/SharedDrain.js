/** One microtask for all queues that a burst has filled: the cheapest way to leave the publisher's stack. */
export class SharedDrain {
    #filled = [];
    /** Adds a queue that was empty until now. */
    request(queue) {
        if (this.#filled.push(queue) === 1) {
            queueMicrotask(this.#run);
        }
    }
    #run = () => {
        const filled = this.#filled;
        this.#filled = [];
        for (const queue of filled) {
            queue.drain();
        }
    };
}
