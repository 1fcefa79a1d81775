import { SharingBus } from '../library.js';
import { CAPACITY, type Peer, type PeerOptions } from './Peer.js';

/** This library, through its public interface. */
export function sharingBus({ hold, history }: PeerOptions): Peer {
  const bus = new SharingBus(history === undefined ? {} : { history: { capacity: history } });
  return {
    delivers: 'later',
    join: (filter, take) => {
      const receiver = bus.subscribeFiltered(filter, CAPACITY);
      const subscription = take && receiver.events$.subscribe(take);
      hold?.(receiver);
      return {
        get lagged() {
          return receiver.lagged;
        },
        leave: () => {
          subscription?.unsubscribe();
          receiver[Symbol.dispose]();
        },
        consume: (late) => {
          receiver.events$.subscribe(late);
        },
      };
    },
    publish: (busEvent) => {
      bus.publish(busEvent);
    },
  };
}
