import { mkdirSync, writeFileSync } from 'node:fs';
import { parse, View } from 'vega';
import { compile } from 'vega-lite';
import { unitOf } from './figures.js';
import { PLOTS } from './paths.js';
import { PEERS } from './peers/index.js';
import { pointsOf, SWEEPS } from './sweep.js';
/** The style of all plots. The background is white, so that the axes can be seen on a dark page. */
const STYLE = {
    $schema: 'https://vega.github.io/schema/vega-lite/v6.json',
    background: 'white',
    padding: 12,
    config: {
        font: 'sans-serif',
        title: { fontSize: 15, anchor: 'start', offset: 12 },
        axis: { labelFontSize: 12, labelLimit: 600, titleFontSize: 12, titleFontWeight: 'normal', gridColor: '#e6e6e6' },
        legend: { labelFontSize: 12, labelLimit: 600, symbolStrokeWidth: 3, title: null },
    },
};
/** The colours of the peers. The bus is the only red line, and bold. */
const COLOURS = {
    bus: '#d62728',
    'rxjs-filter': '#1f77b4',
    'rxjs-observe-on': '#17becf',
    'rxjs-queue': '#393b79',
    ee3: '#98df8a',
    'ee3-queue': '#2ca02c',
    'ee3-shared-drain': '#8c564b',
    mitt: '#e7ba52',
    'node-events': '#7f7f7f',
    emittery: '#e377c2',
    effect: '#9467bd',
};
/** Draws a plot into docs/plots for each sweep with results. */
export async function writePlots(results) {
    mkdirSync(PLOTS, { recursive: true });
    for (const sweep of SWEEPS) {
        const points = pointsOf(sweep, results.cells);
        if (points.length > 0) {
            const spec = sweep.sizes.length > 1 ? lines(sweep, points) : bars(sweep, points);
            writeFileSync(`${PLOTS}/${sweep.id}.svg`, `${await svgOf(spec)}\n`);
        }
    }
}
async function svgOf(spec) {
    const view = new View(parse(compile(spec).spec), { renderer: 'none' });
    try {
        return await view.toSVG();
    }
    finally {
        view.finalize();
    }
}
function lines(sweep, points) {
    const titles = sweep.peers.map((peer) => PEERS[peer].title);
    return {
        ...STYLE,
        title: {
            text: sweep.title,
            ...(sweep.peers.some((peer) => !PEERS[peer].bounded) && { subtitle: 'dashed: without a bound on the queue' }),
        },
        width: 520,
        height: 400,
        data: { values: points.map(valuesOf) },
        mark: { type: 'line', point: { filled: true, size: 45 } },
        encoding: {
            x: {
                field: 'size',
                type: 'quantitative',
                scale: { type: 'log' },
                axis: { title: 'subscribers', values: [...sweep.sizes], format: ',d' },
            },
            y: {
                field: 'value',
                type: 'quantitative',
                scale: { type: 'log' },
                axis: { title: 'one publish, in ns', format: ',~f', tickCount: 8 },
            },
            color: {
                field: 'peer',
                type: 'nominal',
                scale: { domain: titles, range: sweep.peers.map((peer) => COLOURS[peer]) },
                sort: titles,
                legend: { symbolType: 'stroke', symbolSize: 500 },
            },
            strokeDash: {
                field: 'queue',
                type: 'nominal',
                scale: {
                    domain: ['bounded queue', 'no bound'],
                    range: [
                        [1, 0],
                        [5, 4],
                    ],
                },
                legend: null,
            },
            strokeWidth: { condition: { test: "datum.peer === 'sharing-bus'", value: 4 }, value: 1.8 },
        },
    };
}
function bars(sweep, points) {
    const titles = sweep.peers.map((peer) => PEERS[peer].title);
    return {
        ...STYLE,
        title: sweep.title,
        width: 520,
        height: { step: 28 },
        data: { values: points.map(valuesOf) },
        encoding: {
            y: { field: 'peer', type: 'nominal', sort: titles, axis: { title: null } },
            x: { field: 'value', type: 'quantitative', axis: { title: sweepUnit(sweep), format: ',d' } },
        },
        layer: [
            {
                mark: { type: 'bar' },
                encoding: {
                    color: {
                        field: 'peer',
                        type: 'nominal',
                        legend: null,
                        scale: { domain: titles, range: sweep.peers.map((peer) => COLOURS[peer]) },
                    },
                },
            },
            {
                mark: { type: 'text', align: 'left', dx: 5, fontSize: 12 },
                encoding: { text: { field: 'value', type: 'quantitative', format: ',d' } },
            },
        ],
    };
}
function sweepUnit({ id, sizes }) {
    const [size = 0] = sizes;
    return unitOf(`${id}/`) === 'bytes' ? `bytes each, with ${size.toLocaleString('en')} subscribers` : 'ns';
}
function valuesOf({ peer, size, value }) {
    const { title, bounded } = PEERS[peer];
    // The logarithm of 0 is undefined, so a cost below one nanosecond is drawn as one.
    return { peer: title, size, value: Math.max(1, value), queue: bounded ? 'bounded queue' : 'no bound' };
}
