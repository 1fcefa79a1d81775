import mitt from 'mitt';
import { nameOf, nameUnder } from './emitters.js';
import { unable } from './Peer.js';
/** mitt: no queue, consumers are called on the publisher's stack. */
export function mittEmitter({ keyed }) {
    const emitter = mitt();
    const name = nameUnder(keyed);
    return {
        delivers: 'at once',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('mitt', 'queue');
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
