import type { RecvOptions } from '../../BusReceiver.js';
import type { Delivery } from '../../Delivery.js';
import type { BusEvent } from '../../protocol/BusEvent.js';
import { onAbort } from '../support/onAbort.js';
import { type OptionNames, requireOptions } from '../support/requireOptions.js';
import { requireSignal } from '../support/requireSignal.js';
import type { Pull } from './Pull.js';
import type { Receiver } from './Receiver.js';

const RECV_OPTIONS: OptionNames<RecvOptions> = { signal: true };

type Answers<E, T> = (resolve: (value: T | undefined) => void) => Pick<Pull<E>, 'next' | 'gap'>;

/** What is taken is the event. */
export function asEvent<E>(resolve: (busEvent: BusEvent<E> | undefined) => void): Pick<Pull<E>, 'next'> {
  return { next: resolve };
}

/** What is taken is an event, or the gap before it. */
export function asDelivery<E>(
  resolve: (delivery: Delivery<E> | undefined) => void,
): Required<Pick<Pull<E>, 'next' | 'gap'>> {
  return {
    next: (event) => {
      resolve({ type: 'event', event });
    },
    gap: resolve,
  };
}

/**
 * Asks `receiver` for one value, and resolves when it comes; with `undefined` when none will.
 *
 * @param answers How a value is told.
 * @param by The consumer that takes one after the other; `undefined` for a call that stands alone.
 * @param holder What must not be collected before.
 */
export function receive<E, T>(
  receiver: Receiver<E>,
  answers: Answers<E, T>,
  holder: object,
  by?: object,
  options?: RecvOptions,
): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const signal = signalOf(options);
    if (signal === undefined) {
      receiver.ask({ ...answers(resolve), complete: resolve, error: reject, holder }, false, by);
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
    const place = receiver.ask({ ...answers(told), complete: told, error: failed, holder }, false, by);
    if (place?.isIn === true) {
      ignore = onAbort(signal, () => {
        if (receiver.withdraw(place)) {
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
