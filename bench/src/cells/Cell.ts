import type { Effort } from '../load/bursts.js';
import type { PeerName } from '../peers/index.js';

/** What a workload is run with. */
export interface CellOptions {
  readonly peer: PeerName;
  /** Members that are there. */
  readonly receivers: number;
  readonly effort: Effort;
}

export interface Measurement {
  /** What was measured, in `unit`. */
  readonly value: number;
  readonly unit: 'ns' | 'bytes';
  /** Other figures of the cell, for the curious. */
  readonly samples?: readonly number[];
  readonly yieldNs?: number;
  readonly published: number;
  readonly delivered: number;
  readonly dropped: number;
}

export type Workload = (options: CellOptions) => Promise<Measurement>;
