import type { ReceiverOptions } from '../../options.js';
import { overflowPolicy } from './overflow.js';
import type { ReceiverSettings } from './receiverParts.js';
import { checkedFrom } from './replayFrom.js';
import { requireCount, requireSignal, requireType } from '../support/require.js';

const DEFAULT_CAPACITY = 256;

/**
 * What a receiver is made with.
 *
 * @param owner Named in the error about a bad capacity.
 * @param hasHistory Whether it can start from an earlier place.
 * @throws RangeError or TypeError for bad options, or for options that do not go together.
 */
export function receiverSettings<E>(
  owner: string,
  options: ReceiverOptions<E>,
  hasHistory: boolean,
): ReceiverSettings<E> {
  // Field by field: to spread them is a large part of joining and leaving (`npm run bench -- --only churn`).
  const { capacity = DEFAULT_CAPACITY, name, signal, stallAfterMs } = options;
  requireCount(owner, capacity);
  if (name !== undefined) {
    // In a log line, what is no text could throw while an event is routed.
    requireType('name', 'string', name);
  }
  requireSignal('signal', signal);
  const from = checkedFrom(options.from, hasHistory);
  if (stallAfterMs !== undefined) {
    requireCount('stallAfterMs', stallAfterMs);
  }
  return { capacity, name, signal, stallAfterMs, from, policy: overflowPolicy(options) };
}
