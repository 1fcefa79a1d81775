/** A row of the table of targets: the quotient of two cells, or the figure of one cell. */
export interface Row {
  readonly id: string;
  readonly workload: string;
  readonly against: string;
  readonly subject: string;
  /** Absent: the target is for the figure of the subject. */
  readonly base?: string;
  /** The quotient. `at least`: the cost of the base divided by that of the subject. `at most`: the other way round. */
  readonly sense: 'at least' | 'at most';
  /** Absent: the row is for information. */
  readonly target?: number;
}

const RXJS = 'RxJS Subject + filter';
const EE3 = 'eventemitter3 + bounded queue by hand';
const EE3_SHARED = 'the same, with one drain for all queues';
const PLAIN = 'plain scrollId';

/** Subject, base, and the target if any. */
type Cells = readonly [subject: string, base: string, target?: number];

function faster(id: string, workload: string, against: string, [subject, base, target]: Cells): Row {
  return { id, workload, against, subject, base, sense: 'at least', ...(target !== undefined && { target }) };
}

function dearer(id: string, workload: string, against: string, [subject, base, target]: Cells): Row {
  return { id, workload, against, subject, base, sense: 'at most', ...(target !== undefined && { target }) };
}

function figure(id: string, workload: string, subject: string, target: number): Row {
  return { id, workload, against: '-', subject, sense: 'at most', target };
}

function fanOut(receivers: number, { rxjs, ee3 }: { rxjs: number; ee3: number }): Row[] {
  const workload = `fan-out, S = ${receivers}, all match`;
  const bus = `fan-out/bus/${receivers}`;
  return [
    faster(`fan-out-${receivers}-rxjs`, workload, RXJS, [bus, `fan-out/rxjs-filter/${receivers}`, rxjs]),
    faster(`fan-out-${receivers}-ee3`, workload, EE3, [bus, `fan-out/ee3-queue/${receivers}`, ee3]),
    faster(`fan-out-${receivers}-ee3-shared`, workload, EE3_SHARED, [bus, `fan-out/ee3-shared-drain/${receivers}`]),
  ];
}

function sparseAgainstRxjs(size: string, receivers: number, target: number): Row {
  const cells = [`sparse/bus/${receivers}`, `sparse/rxjs-filter/${receivers}`, target] as const;
  return faster(`sparse-${size}-rxjs`, `sparse, S = ${size}`, RXJS, cells);
}

function sparseAgainstEe3(size: string, receivers: number, shared: number): Row[] {
  const workload = `sparse, S = ${size}`;
  const bus = `sparse/bus/${receivers}`;
  return [
    faster(`sparse-${size}-ee3`, workload, EE3, [bus, `sparse/ee3-queue/${receivers}`, 1.5]),
    faster(`sparse-${size}-ee3-shared`, workload, EE3_SHARED, [bus, `sparse/ee3-shared-drain/${receivers}`, shared]),
  ];
}

/** The table of targets, from top to bottom. */
export const ROWS: readonly Row[] = [
  ...fanOut(100, { rxjs: 5, ee3: 3 }),
  ...fanOut(1000, { rxjs: 6, ee3: 4 }),
  dearer('fan-out-1', 'fan-out, S = 1', RXJS, ['fan-out/bus/1', 'fan-out/rxjs-filter/1', 1.6]),

  sparseAgainstRxjs('100', 100, 16),
  sparseAgainstRxjs('1k', 1000, 200),
  sparseAgainstRxjs('10k', 10_000, 800),
  sparseAgainstRxjs('100k', 100_000, 10_000),
  ...sparseAgainstEe3('1k', 1000, 0.8),
  ...sparseAgainstEe3('10k', 10_000, 1.2),
  dearer('history', 'sparse, S = 100, a history of 10,000', 'the same bus without', [
    'sparse-history/bus/100',
    'sparse/bus/100',
    1.25,
  ]),
  dearer('first-resume', 'first resume of one scroll, a history of a million', 'a pass over the events by hand', [
    'first-resume/bus/1000000',
    'pass-by-hand/bus/1000000',
    1.5,
  ]),
  dearer('second-resume', 'the second resume, of another scroll', 'a pass over the events by hand', [
    'second-resume/bus/1000000',
    'pass-by-hand/bus/1000000',
  ]),
  dearer('further-resume', 'each further resume', 'a pass over the events by hand', [
    'further-resume/bus/1000000',
    'pass-by-hand/bus/1000000',
  ]),
  dearer('growth', 'sparse, S = 100k', 'itself at S = 1k', ['sparse/bus/100000', 'sparse/bus/1000', 4]),
  dearer('hot', '64 hot keys among 100k receivers', 'the same 64 alone', [
    'sparse-hot/bus/100000',
    'sparse-hot/bus/64',
    1.3,
  ]),

  dearer('and', 'and(scrollId, kind), 10k keyed', PLAIN, ['sparse-and/bus/10000', 'sparse/bus/10000', 1.2]),
  dearer('or', 'or(scrollId, scrollId), 10k keyed', PLAIN, ['sparse-or/bus/10000', 'sparse/bus/10000', 1.2]),
  dearer('where', 'one where among 10k keyed', PLAIN, ['sparse-where/bus/10000', 'sparse/bus/10000', 1.1]),

  dearer('overload', 'overload, 1000 full on all', 'S = 1', ['overload/bus/1000', 'overload/bus/1', 1.3]),
  dearer('overload-key', 'overload, 1000 full on one shared key', 'S = 1', [
    'overload-key/bus/1000',
    'overload-key/bus/1',
    1.3,
  ]),

  dearer('late-100', 'late-bound event, 100 sessions', 'a preset scroll id', [
    'late-bound/bus/100',
    'preset/bus/100',
    1.3,
  ]),
  dearer('late-1k', 'late-bound event, 1k sessions', 'a preset scroll id', [
    'late-bound/bus/1000',
    'preset/bus/1000',
    1.3,
  ]),

  dearer('churn', 'subscribe + unsubscribe, 10k live', '100 live', ['churn/bus/10000', 'churn/bus/100', 1.2]),
  dearer('churn-publishing', 'the same, a publish after each', '100 live', [
    'churn-publishing/bus/10000',
    'churn-publishing/bus/100',
    1.3,
  ]),

  dearer('refill', 'queues of 256 that fill and empty, S = 1000', 'S = 1', ['refill/bus/1000', 'refill/bus/1']),
  dearer('flushes', 'publish and flush, 16,000 flushes wait', '8,000 wait', [
    'flushes/bus/16000',
    'flushes/bus/8000',
    1.3,
  ]),
  dearer('calls', 'publish, 16,000 calls of recv wait', '8,000 wait', ['calls/bus/16000', 'calls/bus/8000', 1.3]),
  dearer('connect', 'one event of connect, 100,000 events', '10,000 events', [
    'connect/bus/100000',
    'connect/bus/10000',
    1.3,
  ]),

  figure('idle-memory', 'an idle receiver with a subscriber', 'idle-memory/bus/10000', 600),
  figure('buffer-memory', 'a buffered event', 'buffer-memory/bus/1000', 8),
  figure('kept-memory', 'what a receiver keeps after its queue of 256 was full', 'kept-memory/bus/1000', 700),
  figure('never-yield', 'heap growth per event, publisher never yields, 10M events', 'never-yield/bus/4', 0.1),

  dearer('uuid', 'canonical check of UUIDs, S = 1k', 'the same texts as connector ids', [
    'sparse/bus/1000',
    'sparse-name/bus/1000',
    1.1,
  ]),
  dearer('uuid-fresh', 'the same, every id a fresh string', 'the same texts as connector ids', [
    'sparse-fresh/bus/1000',
    'sparse-name-fresh/bus/1000',
    1.1,
  ]),
  dearer('fresh', 'sparse, S = 1k, every id a fresh string', "the receivers' own strings", [
    'sparse-fresh/bus/1000',
    'sparse/bus/1000',
  ]),
  faster('fresh-ee3', 'sparse, S = 1k, every id a fresh string', EE3, [
    'sparse-fresh/bus/1000',
    'sparse-fresh/ee3-queue/1000',
    1.3,
  ]),
];

export function cellsOf(rows: readonly Row[]): string[] {
  return [...new Set(rows.flatMap(({ subject, base }) => (base === undefined ? [subject] : [subject, base])))];
}
