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
  for (let index = receiver.waiting - 1; index >= 0; index -= 1) {
    const busEvent: BusEvent<E> = receiver.peek(index, receiver.host.stage.lent);
    if (passes(filter, busEvent)) {
      return consumedUpTo(receiver, receiver.nextNumber + index + 1);
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
