import { RECV_OPTIONS } from '../../options.js';
import { type Delivery, ReceiverBusyError, type RecvOptions, type TryRecv } from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { onAbort } from '../support/abort.js';
import { requireOptions, requireSignal } from '../support/require.js';
import type { Link } from '../support/LinkedList.js';
import { dispose } from './ending.js';
import { type Pull, Pulls } from './Pulls.js';
import type { Receiver } from './Receiver.js';

/** How a call asks for a value of type `T`. Each is a plain literal: to spread one takes longer than all the rest of a `recv`. */
export type Ask<E, T> = (
  resolve: (value: T | undefined) => void,
  reject: (error: Error) => void,
  holder: object,
) => Pull<E>;

/**
 * Answers `pull` with the next event, or the end.
 *
 * @param inTurn Never at once, even if an event waits.
 * @param by The consumer that takes one after the other; `undefined` for a call that stands alone.
 * @returns Its place, by which it can be withdrawn; `undefined` if another consumer is there.
 */
export function ask<E>(receiver: Receiver<E>, pull: Pull<E>, inTurn = false, by?: object): Link<Pull<E>> | undefined {
  const { stage } = receiver.host;
  const puller = receiver.parts?.pulls?.puller;
  const isClaim = by !== undefined && by !== puller;
  if (receiver.consumer !== undefined || (receiver.hasPuller && by !== puller) || (isClaim && receiver.hasPulls)) {
    pull.error(new ReceiverBusyError(receiver.id));
    return undefined;
  }
  const pulls = (receiver.more.pulls ??= new Pulls());
  pulls.puller = by ?? puller;
  stage.settle();
  const place = pulls.add(pull);
  if (!inTurn) {
    receiver.answerPulls();
  } else if (receiver.hasNext || receiver.hasEnded) {
    stage.request(receiver);
  }
  return place;
}

/** Withdraws the pull at `place`. Returns whether it was not answered yet. */
function withdraw<E>(receiver: Receiver<E>, place: Link<Pull<E>>): boolean {
  const { parts, phase, waiting, host } = receiver;
  const isWithdrawn = parts?.pulls?.withdraw(place) === true;
  if (isWithdrawn && waiting > 0 && !receiver.hasPulls && phase === 'live') {
    // An event that came for it waits now, as if it had never been asked for.
    parts.stallTimer?.watch(host.stage.now());
  }
  return isWithdrawn;
}

/** Disposes `receiver`, if `puller` is its consumer, or if it has none. */
export function leaveAs<E>(receiver: Receiver<E>, puller: object): void {
  const current = receiver.parts?.pulls?.puller;
  const isOnlyOne = current === undefined && receiver.consumer === undefined && !receiver.hasPulls;
  if (isOnlyOne || current === puller) {
    dispose(receiver);
  }
}

/** Asks for an event. */
export function forEvent<E>(
  resolve: (busEvent: BusEvent<E> | undefined) => void,
  reject: (error: Error) => void,
  holder: object,
): Pull<E> {
  return { next: resolve, complete: resolve, error: reject, holder };
}

/** Asks for an event, or the gap before it. */
export function forDelivery<E>(
  resolve: (delivery: Delivery<E> | undefined) => void,
  reject: (error: Error) => void,
  holder: object,
): Pull<E> {
  return {
    next: (event) => {
      resolve({ type: 'event', event });
    },
    gap: resolve,
    complete: resolve,
    error: reject,
    holder,
  };
}

/**
 * Asks `receiver` for one value, and resolves when it comes; with `undefined` when none will.
 *
 * @param asks How.
 * @param by The consumer that takes one after the other; `undefined` for a call that stands alone.
 * @param holder What must not be collected before.
 */
export function receive<E, T>(
  receiver: Receiver<E>,
  asks: Ask<E, T>,
  holder: object,
  by?: object,
  options?: RecvOptions,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const signal = signalOf(options);
    if (signal === undefined) {
      ask(receiver, asks(resolve, reject, holder), false, by);
      return;
    }
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let ignore: (() => void) | undefined = undefined;
    const told = (value: T | undefined): void => {
      ignore?.();
      resolve(value);
    };
    const failed = (error: Error): void => {
      ignore?.();
      reject(error);
    };
    const place = ask(receiver, asks(told, failed, holder), false, by);
    if (place?.isIn === true) {
      ignore = onAbort(signal, () => {
        if (withdraw(receiver, place)) {
          // The reason is the caller's own, whatever it is.
          reject(signal.reason as Error);
        }
      });
    }
  });
}

/** @throws TypeError for an option of the wrong type, or an unknown one. */
function signalOf(options: RecvOptions | undefined): AbortSignal | undefined {
  if (options === undefined) {
    return undefined;
  }
  requireOptions('recv: options', options, RECV_OPTIONS);
  const { signal } = options;
  requireSignal('recv: signal', signal);
  return signal;
}

/**
 * What `receiver` has next, where it is there now: an event, or a gap if `withGaps`.
 *
 * @throws ReceiverBusyError while there is another consumer.
 */
export function tryReceive<E>(receiver: Receiver<E>, withGaps: boolean): TryRecv<Delivery<E>> {
  if (receiver.consumer !== undefined || receiver.hasPuller) {
    throw new ReceiverBusyError(receiver.id);
  }
  let answer: TryRecv<Delivery<E>> = { type: 'empty' };
  if (receiver.hasPulls) {
    // What comes is for the calls that wait.
    return answer;
  }
  const tell = (given: TryRecv<Delivery<E>>): void => {
    answer = given;
  };
  const place = ask(receiver, {
    next: (event) => {
      tell({ type: 'event', event });
    },
    ...(withGaps && { gap: tell }),
    complete: () => {
      tell({ type: 'completed' });
    },
    error: (error) => {
      tell({ type: 'failed', error });
    },
  });
  if (place !== undefined) {
    withdraw(receiver, place);
  }
  return answer;
}

/** Something that gives one value when it is asked, and `undefined` when it is through. */
export interface Pulled<T> {
  /** @param consumer What takes one value after the other, as the only one. */
  take(consumer: object): Promise<T | undefined>;
  /** `consumer` takes nothing more. */
  leave(consumer: object): void;
}

/** Pulls `source` by an iterator. The end of the iterator ends the source. */
export function iteratorOver<T>(source: Pulled<T>): AsyncIterableIterator<T> {
  const consumer = {};
  const leave = (): IteratorReturnResult<undefined> => {
    source.leave(consumer);
    return { done: true, value: undefined };
  };
  return {
    next: async () => {
      const value = await source.take(consumer);
      return value === undefined ? { done: true, value } : { done: false, value };
    },
    return: () => Promise.resolve(leave()),
    throw: async (error: unknown) => {
      await Promise.resolve(leave());
      throw error;
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}

/** Pulls `source` by a stream that keeps nothing of its own. Cancelling the stream ends the source. */
export function streamOver<T>(source: Pulled<T>): ReadableStream<T> {
  const consumer = {};
  return new ReadableStream<T>(
    {
      pull: async (controller) => {
        const value = await source.take(consumer);
        if (value === undefined) {
          controller.close();
        } else {
          controller.enqueue(value);
        }
      },
      cancel: () => {
        source.leave(consumer);
      },
    },
    { highWaterMark: 0 },
  );
}
