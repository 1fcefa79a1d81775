import type { BusEvent } from '../../events/BusEvent.js';
import { type EventFilter, passes } from '../../events/EventFilter.js';
import { Marks, type Wait } from '../support/Marks.js';
import type { Receiver } from './Receiver.js';

/** The wait until the events that wait at `receiver` now and match `filter` are consumed or forgotten; `undefined` if there are none. */
export function untilConsumed<E>(receiver: Receiver<E>, filter: EventFilter<E>): Wait | undefined {
  if (isNotAwaited(receiver)) {
    return undefined;
  }
  const catchUp = receiver.parts?.catchUp;
  if (catchUp !== undefined) {
    // Whether an event that is still to be read matches is not known before it is read.
    return catchUp.reached(() =>
      receiver.waiting === 0 || isNotAwaited(receiver) ? undefined : consumedUpTo(receiver, receiver.accepted),
    );
  }
  for (let index = receiver.waiting - 1; index >= 0; index -= 1) {
    const busEvent: BusEvent<E> = receiver.peek(index, receiver.host.stage.lent);
    if (passes(filter, busEvent)) {
      return consumedUpTo(receiver, receiver.nextNumber + index + 1);
    }
  }
  return undefined;
}

/** Whether a flush does not wait for `receiver`: it has no slot and no consumer, and none may come. */
function isNotAwaited<E>({ phase, consumer }: Receiver<E>): boolean {
  return phase !== 'live' && consumer === undefined;
}

/** The wait until `number` events are consumed or forgotten. */
function consumedUpTo<E>(receiver: Receiver<E>, number: number): Wait {
  return (receiver.more.marks ??= new Marks()).reached(number);
}
