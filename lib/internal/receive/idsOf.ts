import type { BusReceiver } from '../../receiver.js';
import { show } from '../support/show.js';
import { ReceiverHandle } from './ReceiverHandle.js';

/** The ids of those that are to be waited for; `undefined`: all of them. */
export function idsOf(
  owner: string,
  receivers: readonly BusReceiver<unknown>[] | undefined,
  stage: unknown,
): ReadonlySet<number> | undefined {
  const given: unknown = receivers;
  if (given !== undefined && !(Array.isArray(given) && given.every((one) => one instanceof ReceiverHandle))) {
    throw new TypeError(`${owner}: expected an array of receivers, got ${show(given)}`);
  }
  const stranger = receivers?.find((one) => one instanceof ReceiverHandle && !one.isOf(stage));
  if (stranger !== undefined) {
    throw new TypeError(`${owner}: receiver ${stranger.id} is of another bus`);
  }
  return receivers && new Set(receivers.map(({ id }) => id));
}
