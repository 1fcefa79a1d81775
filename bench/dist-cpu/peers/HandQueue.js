import { CAPACITY } from './Peer.js';
/**
 * A bounded queue as a good programmer writes it by hand: a ring that drops and counts the newest event when it is full, with one
 * microtask for each burst. It checks nothing, and cannot be closed.
 */
export class HandQueue {
    lagged = 0;
    #ring = new Array(CAPACITY);
    #head = 0;
    #size = 0;
    #take;
    constructor(take) {
        this.#take = take;
    }
    offer = (busEvent) => {
        if (this.#size === CAPACITY) {
            this.lagged += 1;
            return;
        }
        this.#ring[(this.#head + this.#size) % CAPACITY] = busEvent;
        this.#size += 1;
        if (this.#size === 1 && this.#take !== undefined) {
            queueMicrotask(this.#drain);
        }
    };
    consume(take) {
        this.#take = take;
        queueMicrotask(this.#drain);
    }
    /** Delivers the events that wait now. Events that consumers publish meanwhile are for the next turn. */
    #drain = () => {
        const take = this.#take;
        for (let count = this.#size; count > 0; count -= 1) {
            const busEvent = this.#ring[this.#head];
            this.#ring[this.#head] = undefined;
            this.#head = (this.#head + 1) % CAPACITY;
            this.#size -= 1;
            take(busEvent);
        }
        if (this.#size > 0) {
            queueMicrotask(this.#drain);
        }
    };
}
