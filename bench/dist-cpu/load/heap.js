import { yieldOnce } from './yieldOnce.js';
/** Bytes of the heap in use after garbage collections. */
export async function heapAfterCollection() {
    // With turns of the event loop between: a finished turn may still hold objects until the next collection.
    for (let turns = 0; turns < 3; turns += 1) {
        collect();
        await yieldOnce();
    }
    return heapNow();
}
/** The same, with the memory outside of the heap, such as that of sockets. */
export async function bytesAfterCollection() {
    const heap = await heapAfterCollection();
    return heap + process.memoryUsage().external;
}
/** Bytes of the heap in use after one collection, without a turn of the event loop. */
export function heapNow() {
    collect();
    return process.memoryUsage().heapUsed;
}
function collect() {
    if (globalThis.gc === undefined) {
        throw new Error('memory is measured with --expose-gc');
    }
    globalThis.gc();
}
