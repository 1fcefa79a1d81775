import { AccountingError } from './expect.js';
import { median } from './median.js';

/** Publishes between two yields of the loop. */
export const BURST = 64;

/**
 * How long a cell is measured. Many short samples: one that another process has broken into is an outlier, and the median
 * does not mind.
 */
export interface Effort {
  readonly warmUpMs: number;
  readonly sampleMs: number;
  /** Taken at most; at least three, and as many as fit into the time of all of them. */
  readonly samples: number;
  /** Events of the publisher that never yields. */
  readonly unyielding: number;
}

/** What is done in a burst. Only `act` and what it leaves to be done before `isSettled` is measured. */
export interface Load<T> {
  /** What the next burst acts on. */
  readonly next: () => readonly T[];
  readonly act: (item: T) => void;
  /** Called when the burst has been acted on, on the same stack. Throws where something came too early, or not. */
  readonly afterBurst?: () => void;
  /** Whether all of the burst has arrived. Asked when the loop has been given a turn, and again until it has. */
  readonly isSettled: () => boolean;
}

export interface Timing {
  /** Nanoseconds for one item, the empty yield taken off: the median of the samples. */
  readonly ns: number;
  readonly samples: readonly number[];
  /** What an empty yield costs, in nanoseconds. */
  readonly yieldNs: number;
}

/** A consumer that has not got everything after so many turns of the loop will not get it. */
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

/** Bursts, each followed by a yield, until they have taken `forMs`. At least one. */
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
