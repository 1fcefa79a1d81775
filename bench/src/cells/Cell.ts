import type { Effort } from '../load/bursts.js';
import type { PeerName } from '../peers/index.js';

/** The options of a workload. */
export interface CellOptions {
  readonly peer: PeerName;
  /** The number of members. */
  readonly receivers: number;
  readonly effort: Effort;
}

export interface Measurement {
  /** The result, in `unit`. */
  readonly value: number;
  readonly unit: 'ns' | 'bytes';
  /** The single samples. */
  readonly samples?: readonly number[];
  readonly yieldNs?: number;
  readonly published: number;
  readonly delivered: number;
  readonly dropped: number;
}

export type Workload = (options: CellOptions) => Promise<Measurement>;
