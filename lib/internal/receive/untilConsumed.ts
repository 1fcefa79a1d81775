import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import type { Wait } from '../support/Marks.js';
import type { Receiver } from './Receiver.js';

/** The wait until the events that wait at `receiver` now and match `filter` are consumed, or forgotten, if there are any. */
export function untilConsumed<E>(receiver: Receiver<E>, filter: EventFilter<E>): Wait | undefined {
  if (receiver.isForgone) {
    return undefined;
  }
  const { catchUp } = receiver;
  if (catchUp !== undefined) {
    // Whether the events that it has still to read match is not known before it reads them.
    return catchUp.reached(() =>
      receiver.waiting === 0 || receiver.isForgone ? undefined : receiver.consumedUpTo(receiver.accepted),
    );
  }
  for (let index = receiver.waiting - 1; index >= 0; index -= 1) {
    const busEvent: BusEvent<E> = receiver.waitingAt(index);
    if (passes(filter, busEvent)) {
      return receiver.consumedUpTo(receiver.nextNumber + index + 1);
    }
  }
  return undefined;
}
