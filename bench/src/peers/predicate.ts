import type { BusEvent, EventFilter } from '../library.js';
import { unable } from './Peer.js';

/** The fastest hand-written predicate for a filter. */
export function predicateOf(interest: EventFilter): (busEvent: BusEvent) => boolean {
  if (interest.type === 'all') {
    return () => true;
  }
  if (interest.type === 'scrollId') {
    const { id } = interest;
    return (busEvent) => busEvent.routing.scrollId === id;
  }
  throw unable('a hand-written predicate', interest.type);
}
