import type { Effort } from '../load/bursts.js';
import { isPeerName } from '../peers/index.js';
import type { Measurement, Workload } from './Cell.js';
import { churn, churnPublishing } from './churn.js';
import { fanOut } from './fanOut.js';
import { bufferMemory, idleMemory, keptMemory } from './memory.js';
import { neverYield } from './neverYield.js';
import { overload, overloadKey } from './overload.js';
import { refill } from './refill.js';
import { firstResume, furtherResume, passByHand, secondResume } from './resume.js';
import * as sparse from './sparse.js';
import { calls, connect, flushes } from './waits.js';

/** The workloads, by their names in the ids of cells. */
const WORKLOADS: Readonly<Record<string, Workload>> = {
  'fan-out': fanOut,
  sparse: sparse.sparse,
  'sparse-history': sparse.sparseHistory,
  'sparse-fresh': sparse.sparseFresh,
  'sparse-name': sparse.sparseName,
  'sparse-name-fresh': sparse.sparseNameFresh,
  'sparse-hot': sparse.sparseHot,
  'sparse-and': sparse.sparseAnd,
  'sparse-or': sparse.sparseOr,
  'sparse-where': sparse.sparseWhere,
  'late-bound': sparse.lateBound,
  preset: sparse.preset,
  overload,
  'overload-key': overloadKey,
  churn,
  'churn-publishing': churnPublishing,
  'first-resume': firstResume,
  'second-resume': secondResume,
  'further-resume': furtherResume,
  'pass-by-hand': passByHand,
  refill,
  flushes,
  calls,
  connect,
  'idle-memory': idleMemory,
  'buffer-memory': bufferMemory,
  'kept-memory': keptMemory,
  'never-yield': neverYield,
};

/** Runs a cell. Its id is `workload/peer/receivers`, such as `sparse/bus/1000`. For waits, the number is that of the waits. */
export function runCell(id: string, effort: Effort): Promise<Measurement> {
  const [workload = '', peer = '', receivers = ''] = id.split('/');
  const run = Object.hasOwn(WORKLOADS, workload) ? WORKLOADS[workload] : undefined;
  if (run === undefined || !isPeerName(peer) || !/^[1-9]\d*$/.test(receivers)) {
    throw new Error(`no such cell: ${id}`);
  }
  return run({ peer, receivers: Number(receivers), effort });
}

export const WORKLOAD_NAMES: readonly string[] = Object.keys(WORKLOADS);
