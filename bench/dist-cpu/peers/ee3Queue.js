import { EventEmitter } from 'eventemitter3';
import { nameOf, nameUnder } from './emitters.js';
import { HandQueue } from './HandQueue.js';
/** eventemitter3 with a hand-written bounded queue for each consumer. */
export function ee3Queue({ keyed }) {
    const emitter = new EventEmitter();
    const name = nameUnder(keyed);
    return {
        delivers: 'later',
        join: (interest, take) => {
            const queue = new HandQueue(take);
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
