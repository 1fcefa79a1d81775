import { median } from './load/median.js';
import { PEER_NAMES } from './peers/index.js';
const QUEUED = ['bus', 'rxjs-queue', 'ee3-queue', 'ee3-shared-drain'];
/** The largest size for slow peers: beyond it, one publish takes a noticeable part of a second. */
const LARGEST = {
    'fan-out/rxjs-observe-on': 100,
    'sparse/rxjs-observe-on': 10_000,
    'sparse/rxjs-queue': 10_000,
    'sparse/effect': 1000,
};
export const SWEEPS = [
    { id: 'fan-out', title: 'Fan-out: every subscriber matches', sizes: [1, 10, 100, 1000], peers: PEER_NAMES },
    {
        id: 'sparse',
        title: 'Sparse: one subscriber matches',
        sizes: [1, 10, 100, 1000, 10_000, 100_000],
        peers: PEER_NAMES,
    },
    { id: 'overload', title: 'Overload: every subscriber is full', sizes: [1, 10, 100, 1000], peers: QUEUED },
    { id: 'idle-memory', title: 'An idle subscriber', sizes: [10_000], peers: PEER_NAMES },
];
/** The cell of a sweep, if it is measured. */
export function sweepCell({ id }, peer, size) {
    return size <= (LARGEST[`${id}/${peer}`] ?? Infinity) ? `${id}/${peer}/${size}` : undefined;
}
export function cellsOfSweeps() {
    return SWEEPS.flatMap((sweep) => sweep.sizes.flatMap((size) => sweep.peers.flatMap((peer) => sweepCell(sweep, peer, size) ?? [])));
}
/** The measured points of a sweep. */
export function pointsOf(sweep, measurements) {
    return sweep.peers.flatMap((peer) => sweep.sizes.flatMap((size) => {
        const values = measurements[sweepCell(sweep, peer, size) ?? '']?.map(({ value }) => value) ?? [];
        return values.length === 0 ? [] : { peer, size, value: median(values) };
    }));
}
