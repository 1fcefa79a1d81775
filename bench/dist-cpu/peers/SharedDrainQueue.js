import { CAPACITY } from './Peer.js';
const FIRST_SLOTS = 8;
/**
 * A bounded queue that was tuned with measurements: a ring that grows with its events and goes back to its first slots, with one drain
 * for all queues. It checks nothing, and cannot be closed.
 */
export class SharedDrainQueue {
    lagged = 0;
    #ring = new Array(FIRST_SLOTS);
    #head = 0;
    #size = 0;
    #drain;
    #take;
    constructor(drain, take) {
        this.#drain = drain;
        this.#take = take;
    }
    offer = (busEvent) => {
        const size = this.#size;
        if (size === CAPACITY) {
            this.lagged += 1;
            return;
        }
        if (size === this.#ring.length) {
            this.#grow();
        }
        this.#ring[(this.#head + size) & (this.#ring.length - 1)] = busEvent;
        this.#size = size + 1;
        if (size === 0 && this.#take !== undefined) {
            this.#drain.request(this);
        }
    };
    consume(take) {
        this.#take = take;
        this.#drain.request(this);
    }
    drain() {
        const take = this.#take;
        for (let count = this.#size; count > 0; count -= 1) {
            const ring = this.#ring;
            const head = this.#head;
            const busEvent = ring[head];
            ring[head] = undefined;
            this.#head = (head + 1) & (ring.length - 1);
            this.#size -= 1;
            take(busEvent);
        }
        if (this.#size > 0) {
            this.#drain.request(this);
        }
        else {
            // Use the first slots again: they are in the processor's caches.
            this.#head = 0;
        }
    }
    #grow() {
        const ring = this.#ring.slice(this.#head).concat(this.#ring.slice(0, this.#head));
        ring.length *= 2;
        this.#ring = ring;
        this.#head = 0;
    }
}
