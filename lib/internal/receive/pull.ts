import { RECV_OPTIONS } from '../../options.js';
import {
  type Delivery,
  type Gap,
  ReceiverBusyError,
  type RecvOptions,
  type Taker,
  type TryRecv,
} from '../../receiver.js';
import type { BusEvent } from '../../events/BusEvent.js';
import { onAbort } from '../support/abort.js';
import { report } from '../support/report.js';
import { requireOptions, requireSignal } from '../support/require.js';
import type { Link } from '../support/LinkedList.js';
import { disposeLeft, warnIfLeft } from './ending.js';
import { type Pull, Pulls } from './Pulls.js';
import type { Receiver } from './Receiver.js';

/** Creates a pull for a value of type `T`. It is one object literal, since a spread would take longer than the rest of a `recv`. */
export type PullFactory<E, T> = (
  resolve: (value: T | undefined) => void,
  reject: (error: Error) => void,
  keepAlive: object,
) => Pull<E>;

/**
 * Answers `pull` with the next event, or the end.
 *
 * @param inTurn Whether the answer must come in a turn, even if an event waits.
 * @param puller The iterator or stream that pulls; `undefined` for a call of `recv` or `tryRecv`.
 * @returns The place by which the pull can be withdrawn; `undefined` if there is another consumer.
 */
export function pullNext<E>(
  receiver: Receiver<E>,
  pull: Pull<E>,
  inTurn = false,
  puller?: object,
): Link<Pull<E>> | undefined {
  const { stage } = receiver.host;
  const current = receiver.parts?.pulls?.puller;
  const isNew = puller !== undefined && puller !== current;
  if (receiver.consumer !== undefined || (receiver.hasPuller && puller !== current) || (isNew && receiver.hasPulls)) {
    pull.error(new ReceiverBusyError(receiver.id));
    return undefined;
  }
  if (isNew) {
    warnIfLeft(receiver);
  }
  const pulls = (receiver.more.pulls ??= new Pulls());
  pulls.puller = puller ?? current;
  stage.settle();
  const place = pulls.add(pull);
  if (!inTurn) {
    receiver.answerPulls();
  } else if (receiver.hasNext || receiver.hasEnded) {
    stage.request(receiver);
  }
  return place;
}

/** Withdraws the pull at `place`. Returns false if it was answered before. */
function withdraw<E>(receiver: Receiver<E>, place: Link<Pull<E>>): boolean {
  const { parts, phase, waiting, host } = receiver;
  const isWithdrawn = parts?.pulls?.withdraw(place) === true;
  if (isWithdrawn && waiting > 0 && !receiver.hasPulls && phase === 'live') {
    // An event that arrived for this pull waits now, as if there had been no pull.
    parts.stallTimer?.watch(host.stage.now());
  }
  return isWithdrawn;
}

/** Disposes `receiver`, if `puller` is its consumer, or if it has no consumer. */
export function leavePulling<E>(receiver: Receiver<E>, puller: object): void {
  const current = receiver.parts?.pulls?.puller;
  const hasNoConsumer = current === undefined && receiver.consumer === undefined && !receiver.hasPulls;
  if (hasNoConsumer || current === puller) {
    disposeLeft(receiver);
  }
}

/** A pull for an event. */
export function eventPull<E>(
  resolve: (busEvent: BusEvent<E> | undefined) => void,
  reject: (error: Error) => void,
  keepAlive: object,
): Pull<E> {
  return { next: resolve, complete: resolve, error: reject, keepAlive };
}

/** A pull for an event, or the gap before it. */
export function deliveryPull<E>(
  resolve: (delivery: Delivery<E> | undefined) => void,
  reject: (error: Error) => void,
  keepAlive: object,
): Pull<E> {
  return {
    next: (event) => {
      resolve({ type: 'event', event });
    },
    gap: resolve,
    complete: resolve,
    error: reject,
    keepAlive,
  };
}

/** A pull for `take`. It is a small object, since a server makes one for each event and client. */
class DeliveryTake<E> implements Pull<E> {
  readonly keepAlive: object;
  private readonly taker: Taker<Delivery<E>>;

  constructor(taker: Taker<Delivery<E>>, keepAlive: object) {
    this.taker = taker;
    this.keepAlive = keepAlive;
  }

  next(event: BusEvent<E>): void {
    this.gap({ type: 'event', event });
  }

  gap(delivery: Delivery<E>): void {
    try {
      this.taker.next(delivery);
    } catch (error) {
      report(error);
    }
  }

  complete(): void {
    try {
      this.taker.complete();
    } catch (error) {
      report(error);
    }
  }

  error(error: unknown): void {
    try {
      this.taker.error(error);
    } catch (thrown) {
      report(thrown);
    }
  }
}

/** Calls `taker` with the next delivery of `receiver`, or the end, in a turn. */
export function takeDelivery<E>(receiver: Receiver<E>, taker: Taker<Delivery<E>>, keepAlive: object): void {
  pullNext(receiver, new DeliveryTake(taker, keepAlive), true);
}

/**
 * Resolves with the next value of `receiver`, or with `undefined` when the receiver has completed.
 *
 * @param keepAlive Is not garbage-collected before the answer.
 * @param puller The iterator or stream that pulls; `undefined` for a call of `recv`.
 */
export function receive<E, T>(
  receiver: Receiver<E>,
  createPull: PullFactory<E, T>,
  keepAlive: object,
  puller?: object,
  options?: RecvOptions,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const signal = signalOf(options);
    if (signal === undefined) {
      pullNext(receiver, createPull(resolve, reject, keepAlive), false, puller);
      return;
    }
    if (signal.aborted) {
      reject(signal.reason as Error);
      return;
    }
    let ignore: (() => void) | undefined = undefined;
    const succeed = (value: T | undefined): void => {
      ignore?.();
      resolve(value);
    };
    const fail = (error: Error): void => {
      ignore?.();
      reject(error);
    };
    const place = pullNext(receiver, createPull(succeed, fail, keepAlive), false, puller);
    if (place?.isIn === true) {
      ignore = onAbort(signal, () => {
        if (withdraw(receiver, place)) {
          // The reason is passed on as it is.
          reject(signal.reason as Error);
        }
      });
    }
  });
}

/** @throws TypeError if an option is unknown or has the wrong type. */
function signalOf(options: RecvOptions | undefined): AbortSignal | undefined {
  if (options === undefined) {
    return undefined;
  }
  requireOptions('recv: options', options, RECV_OPTIONS);
  const { signal } = options;
  requireSignal('recv: signal', signal);
  return signal;
}

/** A pull of `tryRecv`. It is a small object, since a server makes one for each event and client. */
class Attempt<E> implements Pull<E> {
  result: TryRecv<Delivery<E>> = { type: 'empty' };

  next(event: BusEvent<E>): void {
    this.result = { type: 'event', event };
  }

  complete(): void {
    this.result = { type: 'completed' };
  }

  error(error: unknown): void {
    this.result = { type: 'failed', error };
  }
}

/** An {@link Attempt} that also takes a gap. */
class DeliveryAttempt<E> extends Attempt<E> {
  gap(gap: Gap): void {
    this.result = gap;
  }
}

/**
 * Takes what is next in `receiver`, without waiting: an event, or a gap if `withGaps` is true.
 *
 * @throws ReceiverBusyError if there is another consumer.
 */
export function tryReceive<E>(receiver: Receiver<E>, withGaps: boolean): TryRecv<Delivery<E>> {
  if (receiver.consumer !== undefined || receiver.hasPuller) {
    throw new ReceiverBusyError(receiver.id);
  }
  if (receiver.hasPulls) {
    // The next event is for the calls that wait.
    return { type: 'empty' };
  }
  const attempt = withGaps ? new DeliveryAttempt<E>() : new Attempt<E>();
  const place = pullNext(receiver, attempt);
  if (place !== undefined) {
    withdraw(receiver, place);
  }
  return attempt.result;
}

/** A source that is pulled, one value at a time. */
export interface Pulled<T> {
  /** Resolves with the next value, or with `undefined` at the end. While `consumer` pulls, there is no other consumer. */
  take(consumer: object): Promise<T | undefined>;
  /** Called when `consumer` takes no more values. */
  leave(consumer: object): void;
}

/** An iterator that pulls `source`. Ending the iterator ends the source. */
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

/** A web stream that pulls `source` and buffers nothing. Cancelling the stream ends the source. */
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
