import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { Envelope } from './Holes.js';

/**
 * Whether an event passes `filter` of which no more is known than its envelope, or not even that.
 *
 * @returns `undefined` where what is not known would decide.
 */
export function passesUnseen<E>(filter: EventFilter<E>, envelope: Envelope | undefined): boolean | undefined {
  switch (filter.type) {
    case 'all':
      return true;
    case 'and':
    case 'or': {
      const isOr = filter.type === 'or';
      const verdicts = filter.filters.map((one) => passesUnseen(one, envelope));
      return verdicts.includes(isOr) ? isOr : verdicts.includes(undefined) ? undefined : !isOr;
    }
    case 'not': {
      const verdict = passesUnseen(filter.filter, envelope);
      return verdict === undefined ? undefined : !verdict;
    }
    case 'where':
      return undefined;
    default:
      return envelope === undefined ? undefined : passes(filter, envelope as BusEvent<E>);
  }
}
