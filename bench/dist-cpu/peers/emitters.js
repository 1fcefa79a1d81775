import { unable } from './Peer.js';
const EVERY = 'event';
/** The event name for a listener with this filter. */
export function nameOf(interest) {
    if (interest.type === 'all') {
        return EVERY;
    }
    if (interest.type === 'scrollId') {
        return interest.id;
    }
    throw unable('an emitter', interest.type);
}
/** The name to emit an event under. An emit has a single name, so either all members are keyed or none. */
export function nameUnder(keyed) {
    return keyed ? (busEvent) => busEvent.routing.scrollId : () => EVERY;
}
