import { expectEqual } from '../load/expect.js';
/** Checks the `count` of a consumer right after a burst. Before the burst it was `before`, and in the end it will be `after`. */
export function expectHop({ delivers }, count, before, after) {
    if (delivers !== 'either') {
        expectEqual('delivered when publish returned', count, delivers === 'later' ? before : after);
    }
}
