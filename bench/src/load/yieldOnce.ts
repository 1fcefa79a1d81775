import { setImmediate } from 'node:timers/promises';

/** Gives the loop a turn. */
export function yieldOnce(): Promise<void> {
  return setImmediate();
}

/** Gives the loop turns until `isSettled`, and not for ever. */
export async function settled(isSettled: () => boolean): Promise<void> {
  for (let turns = 0; turns < 1000 && !isSettled(); turns += 1) {
    await yieldOnce();
  }
}
