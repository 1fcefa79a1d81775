import type { ReceiverOptions } from '../../BusReceiver.js';
import { queueMaker } from './policies.js';
import type { ReceiverSettings } from './Receiver.js';
import { checkedFrom } from './replayFrom.js';
import { requireCount } from '../support/requireCount.js';
import { requireFunction } from '../support/requireFunction.js';

const DEFAULT_CAPACITY = 256;

/**
 * What a receiver is made with.
 *
 * @param owner Named in the error about a bad capacity.
 * @param hasHistory Whether it can start from an earlier place.
 * @throws RangeError or TypeError for options that are none, or do not go together.
 */
export function receiverSettings<E>(
  owner: string,
  { capacity = DEFAULT_CAPACITY, ...others }: ReceiverOptions<E>,
  hasHistory: boolean,
): ReceiverSettings<E> {
  const settings = { ...others, capacity: requireCount(owner, capacity) };
  const { signal, stallAfterMs } = others;
  if (signal !== undefined) {
    requireFunction('signal.addEventListener', (signal as Partial<AbortSignal> | null)?.addEventListener);
  }
  const from = checkedFrom(others.from, hasHistory);
  if (stallAfterMs !== undefined) {
    requireCount('stallAfterMs', stallAfterMs);
  }
  return { ...settings, from, makeQueue: queueMaker(settings) };
}
