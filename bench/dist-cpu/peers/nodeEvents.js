import { EventEmitter } from 'node:events';
import { nameOf, nameUnder } from './emitters.js';
import { unable } from './Peer.js';
/** The emitter of Node: no queue, consumers are called on the publisher's stack. */
export function nodeEvents({ keyed }) {
    const emitter = new EventEmitter().setMaxListeners(0);
    const name = nameUnder(keyed);
    return {
        delivers: 'at once',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('node:events', 'queue');
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
