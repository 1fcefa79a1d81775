import type { BusEvent, EventFilter } from '../library.js';
import { unable } from './Peer.js';

const EVERY = 'event';

/** The name under which an emitter's listener is found, for what it wants. */
export function nameOf(interest: EventFilter): string {
  if (interest.type === 'all') {
    return EVERY;
  }
  if (interest.type === 'scrollId') {
    return interest.id;
  }
  throw unable('an emitter', interest.type);
}

/** The name to emit an event under: an emitter has one for each emit, so its members are all keyed, or none is. */
export function nameUnder(keyed: boolean): (busEvent: BusEvent) => string {
  return keyed ? (busEvent) => busEvent.routing.scrollId as string : () => EVERY;
}
