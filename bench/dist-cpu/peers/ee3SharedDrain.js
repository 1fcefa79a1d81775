import { EventEmitter } from 'eventemitter3';
import { nameOf, nameUnder } from './emitters.js';
import { SharedDrain } from './SharedDrain.js';
import { SharedDrainQueue } from './SharedDrainQueue.js';
/** eventemitter3 with a bounded queue for each consumer, and one drain for all queues. */
export function ee3SharedDrain({ keyed }) {
    const emitter = new EventEmitter();
    const drain = new SharedDrain();
    const name = nameUnder(keyed);
    return {
        delivers: 'later',
        join: (interest, take) => {
            const queue = new SharedDrainQueue(drain, take);
            emitter.on(nameOf(interest), queue.offer);
            return {
                get lagged() {
                    return queue.lagged;
                },
                leave: () => {
                    emitter.off(nameOf(interest), queue.offer);
                },
                consume: (late) => {
                    queue.consume(late);
                },
            };
        },
        publish: (busEvent) => {
            emitter.emit(name(busEvent), busEvent);
        },
    };
}
