import { AccountingError } from './expect.js';
import { median } from './median.js';
/** Publishes between two yields to the event loop. */
export const BURST = 64;
/** A burst that has not arrived after so many turns of the event loop is an error. */
const PATIENCE = 100_000;
export async function timeBursts(load, { warmUpMs, sampleMs, samples }) {
    const nothing = { next: () => [], act: () => undefined, isSettled: () => true };
    await burstsFor(nothing, warmUpMs / 4);
    await burstsFor(load, warmUpMs);
    globalThis.gc?.();
    const yields = [];
    const loads = [];
    const enough = globalThis.__now() + samples * sampleMs * 2;
    while (loads.length < Math.min(samples, 3) || (loads.length < samples && globalThis.__now() < enough)) {
        const { ms, bursts } = await burstsFor(nothing, sampleMs / 20);
        yields.push(ms / bursts);
        loads.push(await burstsFor(load, sampleMs));
    }
    const yieldMs = median(yields);
    const perItem = loads.map(({ ms, bursts, items }) => ((ms - bursts * yieldMs) / items) * 1e6);
    return { ns: median(perItem), samples: perItem, yieldNs: yieldMs * 1e6 };
}
/** Runs bursts, each followed by a yield, for `forMs` milliseconds. Runs at least one. */
function burstsFor(load, forMs) {
    return new Promise((resolve) => {
        const { act, next, isSettled, afterBurst = () => undefined } = load;
        let ms = 0;
        let bursts = 0;
        let items = 0;
        let impatience = 0;
        let started = 0;
        const begin = () => {
            const burst = next();
            items += burst.length;
            started = globalThis.__now();
            for (const item of burst) {
                act(item);
            }
            afterBurst();
            setImmediate(settle);
        };
        const settle = () => {
            if (!isSettled()) {
                impatience += 1;
                if (impatience > PATIENCE) {
                    throw new AccountingError('a burst has not arrived');
                }
                setImmediate(settle);
                return;
            }
            ms += globalThis.__now() - started;
            bursts += 1;
            impatience = 0;
            if (ms < forMs) {
                begin();
            }
            else {
                resolve({ ms, bursts, items });
            }
        };
        begin();
    });
}
