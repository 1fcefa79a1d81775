import { setImmediate } from 'node:timers/promises';
/** Yields to the event loop. */
export function yieldOnce() {
    return setImmediate();
}
/** Yields until `isSettled` returns `true`, or a limit is reached. */
export async function settled(isSettled) {
    for (let turns = 0; turns < 1000 && !isSettled(); turns += 1) {
        await yieldOnce();
    }
}
