import type { Explanation } from '../../stats.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { Receiver } from './Receiver.js';
import { show } from '../support/show.js';

/**
 * Explains what `receiver` would do with `busEvent`, which is enriched. `undefined` if the receiver has not joined yet, or has no slot.
 *
 * @param isHeld Whether the event would first wait for a registration.
 * @param isTooLarge Whether the event is too large for the history.
 */
export function explain<E>(
  receiver: Receiver<E>,
  busEvent: BusEvent<E>,
  isHeld: boolean,
  isTooLarge = false,
): Explanation | undefined {
  const { id, phase, waiting, filter } = receiver;
  const name = receiver.parts?.name;
  if (phase !== 'live' || filter === undefined) {
    return undefined;
  }
  const answer = (matches: boolean, drops: boolean, why: string): Explanation => ({ id, name, matches, drops, why });
  try {
    const obstacle = decisive(filter, busEvent);
    if (obstacle !== undefined) {
      return answer(false, false, `it does not match ${describe(obstacle)}`);
    }
    if (isHeld) {
      return answer(true, false, 'it would be held until its session is registered');
    }
    const end = receiver.policy.endsWhenFull ? ', and the receiver would end' : '';
    if (receiver.parts?.catchUp !== undefined && isTooLarge) {
      return answer(true, true, `it is too large for the history, and ${waiting} wait before it${end}`);
    }
    if (receiver.parts?.catchUp !== undefined) {
      return answer(true, false, `it would wait in the history behind ${waiting} others`);
    }
    switch (receiver.foresee(busEvent)) {
      case 'taken':
        return answer(true, false, `it would wait behind ${waiting} others`);
      case 'displaces':
        return answer(true, false, `it would wait, and the oldest of ${waiting} others would be dropped`);
      case 'replaces':
        return answer(true, false, 'it would replace an older event of its key, which would be dropped');
      case 'refused':
        return answer(true, true, `there is no room: ${waiting} wait${end}`);
    }
  } catch (error) {
    return answer(
      false,
      false,
      `a function of its options or its filter throws ${show(error)}, which would end the receiver`,
    );
  }
}

/** The part of `filter` that excludes `busEvent`. `undefined` if the filter matches. */
function decisive<E>(filter: EventFilter<E>, busEvent: BusEvent<E>): EventFilter<E> | undefined {
  if (passes(filter, busEvent)) {
    return undefined;
  }
  const part = filter.type === 'and' ? filter.filters.find((one) => !passes(one, busEvent)) : undefined;
  return part === undefined ? filter : decisive(part, busEvent);
}

/** Formats `filter` as the call that makes it. */
function describe<E>(filter: EventFilter<E>): string {
  const call = (...parts: readonly string[]): string => `${filter.type}(${parts.join(', ')})`;
  switch (filter.type) {
    case 'all':
      return filter.type;
    case 'scrollId':
    case 'connectorUid':
      return call(filter.id);
    case 'connectorId':
      return call(show(filter.connectorId));
    case 'session':
      return call(show(filter.connectorId), show(filter.nativeSessionId));
    case 'kind':
      return call(...filter.kinds.map(show));
    case 'origin':
      return call(...filter.origins.map(show));
    case 'and':
    case 'or':
      return call(...filter.filters.map(describe));
    case 'not':
      return call(describe(filter.filter));
    case 'where':
      return call(filter.predicate.name);
  }
}
