import Emittery from 'emittery';
import { nameOf, nameUnder } from './emitters.js';
import { unable } from './Peer.js';
/** emittery: a promise for each emit and each listener, without a bound. */
export function emittery({ keyed }) {
    const emitter = new Emittery();
    const name = nameUnder(keyed);
    return {
        delivers: 'later',
        join: (interest, take) => {
            if (take === undefined) {
                throw unable('emittery', 'queue');
            }
            const off = emitter.on(nameOf(interest), take);
            return { lagged: 0, leave: off };
        },
        publish: (busEvent) => {
            void emitter.emit(name(busEvent), busEvent);
        },
    };
}
