import { AccountingError } from './expect.js';
import { median } from './median.js';

/** Publishes between two yields to the event loop. */
export const BURST = 64;

/**
 * How long a cell is measured. With many short samples, a sample that another process has interrupted is an outlier, which the median
 * ignores.
 */
export interface Effort {
  readonly warmUpMs: number;
  readonly sampleMs: number;
  /** The most samples. At least three are taken, and no more than fit into the time of all of them. */
  readonly samples: number;
  /** Events of the publisher that never yields. */
  readonly unyielding: number;
}

/** The work of a burst. The time of `act`, and of everything until `isSettled`, is measured. */
export interface Load<T> {
  /** Makes the items of the next burst. */
  readonly next: () => readonly T[];
  readonly act: (item: T) => void;
  /** Called right after the calls of `act`, on the same stack. Throws if consumers were called too early or too late. */
  readonly afterBurst?: () => void;
  /** Whether all of the burst has arrived. Called after each turn of the event loop until it returns `true`. */
  readonly isSettled: () => boolean;
}

export interface Timing {
  /** Nanoseconds for one item, without the empty yield: the median of the samples. */
  readonly ns: number;
  readonly samples: readonly number[];
  /** The cost of an empty yield, in nanoseconds. */
  readonly yieldNs: number;
}

/** A burst that has not arrived after so many turns of the event loop is an error. */
const PATIENCE = 100_000;

export async function timeBursts<T>(load: Load<T>, { warmUpMs, sampleMs, samples }: Effort): Promise<Timing> {
  const nothing: Load<T> = { next: () => [], act: () => undefined, isSettled: () => true };
  await burstsFor(nothing, warmUpMs / 4);
  await burstsFor(load, warmUpMs);
  globalThis.gc?.();
  const yields: number[] = [];
  const loads: { ms: number; bursts: number; items: number }[] = [];
  const enough = performance.now() + samples * sampleMs * 2;
  while (loads.length < Math.min(samples, 3) || (loads.length < samples && performance.now() < enough)) {
    const { ms, bursts } = await burstsFor(nothing, sampleMs / 20);
    yields.push(ms / bursts);
    loads.push(await burstsFor(load, sampleMs));
  }
  const yieldMs = median(yields);
  const perItem = loads.map(({ ms, bursts, items }) => ((ms - bursts * yieldMs) / items) * 1e6);
  return { ns: median(perItem), samples: perItem, yieldNs: yieldMs * 1e6 };
}

/** Runs bursts, each followed by a yield, for `forMs` milliseconds. Runs at least one. */
function burstsFor<T>(load: Load<T>, forMs: number): Promise<{ ms: number; bursts: number; items: number }> {
  return new Promise((resolve) => {
    const { act, next, isSettled, afterBurst = () => undefined } = load;
    let ms = 0;
    let bursts = 0;
    let items = 0;
    let impatience = 0;
    let started = 0;

    const begin = (): void => {
      const burst = next();
      items += burst.length;
      started = performance.now();
      for (const item of burst) {
        act(item);
      }
      afterBurst();
      setImmediate(settle);
    };
    const settle = (): void => {
      if (!isSettled()) {
        impatience += 1;
        if (impatience > PATIENCE) {
          throw new AccountingError('a burst has not arrived');
        }
        setImmediate(settle);
        return;
      }
      ms += performance.now() - started;
      bursts += 1;
      impatience = 0;
      if (ms < forMs) {
        begin();
      } else {
        resolve({ ms, bursts, items });
      }
    };
    begin();
  });
}
