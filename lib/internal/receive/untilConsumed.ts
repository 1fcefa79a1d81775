import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import { Marks, type Wait } from '../support/Marks.js';
import type { Receiver } from './Receiver.js';

/** Waits until the events that wait in `receiver` now and match `filter` are consumed or discarded. `undefined` if there are none. */
export function untilConsumed<E>(receiver: Receiver<E>, filter: EventFilter<E>): Wait | undefined {
  if (isNotAwaited(receiver)) {
    return undefined;
  }
  const catchUp = receiver.parts?.catchUp;
  if (catchUp !== undefined) {
    // Events that are still to be read must be read before they can be matched.
    return catchUp.reached(() =>
      receiver.waiting === 0 || isNotAwaited(receiver) ? undefined : consumedUpTo(receiver, receiver.accepted),
    );
  }
  // By numbers, since a predicate may take events, or end the receiver.
  for (let number = receiver.accepted; number > receiver.nextNumber; number -= 1) {
    const busEvent: BusEvent<E> = receiver.peek(number - 1 - receiver.nextNumber);
    if (passes(filter, busEvent)) {
      const isSettled = number <= receiver.nextNumber || isNotAwaited(receiver);
      return isSettled ? undefined : consumedUpTo(receiver, number);
    }
  }
  return undefined;
}

/** Whether flushes do not wait for `receiver`: it has no slot and no consumer, and a consumer may never come. */
function isNotAwaited<E>({ phase, consumer }: Receiver<E>): boolean {
  return phase !== 'live' && consumer === undefined;
}

/** Waits until `number` events are consumed or discarded. */
function consumedUpTo<E>(receiver: Receiver<E>, number: number): Wait {
  return (receiver.more.marks ??= new Marks()).reached(number);
}
