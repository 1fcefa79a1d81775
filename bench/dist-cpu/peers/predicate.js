import { unable } from './Peer.js';
/** The fastest hand-written predicate for a filter. */
export function predicateOf(interest) {
    if (interest.type === 'all') {
        return () => true;
    }
    if (interest.type === 'scrollId') {
        const { id } = interest;
        return (busEvent) => busEvent.routing.scrollId === id;
    }
    throw unable('a hand-written predicate', interest.type);
}
