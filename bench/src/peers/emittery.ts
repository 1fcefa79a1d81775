import Emittery from 'emittery';
import type { BusEvent } from '../library.js';
import { nameOf, nameUnder } from './emitters.js';
import { type Peer, type PeerOptions, unable } from './Peer.js';

/** emittery: a promise for each emit and each listener, without a bound. */
export function emittery({ keyed }: PeerOptions): Peer {
  const emitter = new Emittery<Record<string, BusEvent>>();
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
