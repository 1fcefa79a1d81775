import type { ReceiverOptions } from '../../options.js';
import { overflowPolicy } from './overflow.js';
import type { ReceiverSettings } from './receiverParts.js';
import { checkedFrom } from './replayFrom.js';
import { requireCount, requireSignal, requireType } from '../support/require.js';

const DEFAULT_CAPACITY = 256;

/**
 * Checks the options of a receiver.
 *
 * @param owner Named in the error about a bad capacity.
 * @param hasHistory Whether the bus has a history, so that `from` is allowed.
 * @throws RangeError if a number is out of range, TypeError if an option has the wrong type or does not go with another one.
 */
export function receiverSettings<E>(
  owner: string,
  options: ReceiverOptions<E>,
  hasHistory: boolean,
): ReceiverSettings<E> {
  // Field by field, since a spread would be a large part of the cost of joining and leaving (`npm run bench -- --only churn`).
  const { capacity = DEFAULT_CAPACITY, name, signal, stallAfterMs } = options;
  requireCount(owner, capacity);
  if (name !== undefined) {
    // A name that is not a string could throw in a log line, while an event is routed.
    requireType('name', 'string', name);
  }
  requireSignal('signal', signal);
  const from = checkedFrom(options.from, hasHistory);
  if (stallAfterMs !== undefined) {
    requireCount('stallAfterMs', stallAfterMs);
  }
  return { capacity, name, signal, stallAfterMs, from, policy: overflowPolicy(options) };
}
