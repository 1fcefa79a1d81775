import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { Envelope } from './Holes.js';

/**
 * Whether an event matches `filter`, judged by its envelope alone, or without any knowledge of the event if `envelope` is `undefined`.
 *
 * @returns `undefined` if that is not enough to decide.
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
