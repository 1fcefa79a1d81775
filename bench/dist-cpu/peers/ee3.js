import { EventEmitter } from 'eventemitter3';
import { nameOf, nameUnder } from './emitters.js';
import { unable } from './Peer.js';
/** eventemitter3 alone: no queue, consumers are called on the publisher's stack. */
export function ee3({ keyed }) {
    const emitter = new EventEmitter();
    const name = nameUnder(keyed);
    return {
        delivers: 'at once',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('eventemitter3', 'queue');
            }
            emitter.on(nameOf(interest), take);
            return {
                lagged: 0,
                leave: () => {
                    emitter.off(nameOf(interest), take);
                },
            };
        },
        publish: (busEvent) => {
            emitter.emit(name(busEvent), busEvent);
        },
    };
}
